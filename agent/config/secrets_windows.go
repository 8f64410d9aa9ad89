package config

// exposed is not told by mode bits on Windows; the installer closes the data folder by its ACL.
func exposed(string) (string, bool) { return "", false }
