package disk

import "golang.org/x/sys/windows"

// Of returns the room of the disk that path lies on. It waits as long as the disk does: a network folder
// that is away may take for ever.
func Of(path string) (Space, error) {
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return Space{}, err
	}
	var s Space
	err = windows.GetDiskFreeSpaceEx(p, &s.Free, &s.Size, nil)
	return s, err
}
