package doctor

import (
	"errors"
	"hash/fnv"
	"io/fs"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// privileged tells whether this is SYSTEM; an administrator's prompt is usual and no danger.
func privileged() bool {
	u, err := windows.GetCurrentProcessToken().GetTokenUser()
	return err == nil && u.User.Sid.IsWellKnown(windows.WinLocalSystemSid)
}

// accessible opens the folder with the rights that are needed, which changes nothing.
func accessible(path string, write bool) error {
	const addFile, list = 0x2, 0x1
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	rights := uint32(list)
	if write {
		rights |= addFile
	}
	h, err := windows.CreateFile(p, rights, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, nil,
		windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return fs.ErrPermission
	}
	if err != nil {
		return err
	}
	return windows.CloseHandle(h)
}

// Disk looks at the volume of the nearest folder of path that is there.
func (Local) Disk(path string) (d Disk, err error) {
	path = existing(path)
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return d, err
	}
	if err := windows.GetDiskFreeSpaceEx(p, &d.Free, &d.Size, nil); err != nil {
		return d, err
	}
	volume := strings.ToUpper(filepath.VolumeName(path))
	root, err := windows.UTF16PtrFromString(volume + `\`)
	if err != nil {
		return d, err
	}
	if strings.HasPrefix(volume, `\\`) || windows.GetDriveType(root) == windows.DRIVE_REMOTE {
		d.Network = "smb"
	}
	const readOnlyVolume = 0x80000
	var flags uint32
	if err := windows.GetVolumeInformation(root, nil, 0, nil, nil, &flags, nil, 0); err == nil {
		d.ReadOnly = flags&readOnlyVolume != 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(volume)) // never fails
	d.Mount = h.Sum64()
	return d, nil
}

// Synchronised is not asked: Windows tells it by w32tm in the language of the machine only.
func (Local) Synchronised() (yes, known bool) { return false, false }

// memoryStatus is MEMORYSTATUSEX.
type memoryStatus struct {
	length, load                                                                     uint32
	totalPhys, availPhys, totalPage, availPage, totalVirtual, availVirtual, extended uint64
}

// Limits asks for the machine's memory.
func (Local) Limits() (l Limits) {
	m := memoryStatus{}
	m.length = uint32(unsafe.Sizeof(m))
	call := windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")
	if ok, _, _ := call.Call(uintptr(unsafe.Pointer(&m))); ok != 0 {
		l.MemorySize, l.MemoryFree = m.totalPhys, m.availPhys
	}
	return l
}
