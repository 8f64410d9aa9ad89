package backup

// sameOwner has nothing to do: files inherit the rights of the state folder.
func sameOwner(string, string) error { return nil }
