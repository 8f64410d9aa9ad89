package doctor

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func privileged() bool { return os.Geteuid() == 0 }

// accessible asks the kernel, which knows of mounts that are read-only for this process alone as well.
func accessible(path string, write bool) error {
	mode := uint32(unix.R_OK | unix.X_OK)
	if write {
		mode |= unix.W_OK
	}
	err := unix.Faccessat(unix.AT_FDCWD, path, mode, unix.AT_EACCESS)
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) {
		return fs.ErrPermission
	}
	return err
}

// Disk looks at the file system of the nearest folder of path that is there.
func (Local) Disk(path string) (Disk, error) {
	path = existing(path)
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return Disk{}, err
	}
	block := uint64(s.Bsize)
	d := Disk{Free: s.Bavail * block, Size: s.Blocks * block, Files: s.Ffree, Inode: s.Files,
		ReadOnly: s.Flags&unix.ST_RDONLY != 0, Network: networkName(int64(s.Type))}
	var x unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_MNT_ID, &x); err == nil && x.Mask&unix.STATX_MNT_ID != 0 {
		d.Mount = x.Mnt_id
	}
	return d, nil
}

// networkName names the file systems whose data lies on another machine, by their numbers of statfs(2).
func networkName(magic int64) string {
	switch uint32(magic) {
	case 0x6969:
		return "nfs"
	case 0xff534d42, 0xfe534d42, 0x517b:
		return "smb"
	case 0x01021997:
		return "9p"
	case 0x5346414f:
		return "afs"
	case 0x00c36400:
		return "ceph"
	case 0x65735546:
		return "fuse"
	}
	return ""
}

// Synchronised asks the kernel, which every time service tells.
func (Local) Synchronised() (yes, known bool) {
	const unsynchronised = 0x40 // STA_UNSYNC
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return false, false
	}
	return state != unix.TIME_ERROR && t.Status&unsynchronised == 0, true
}

// Limits reads what the kernel tells of this process and the machine.
func (Local) Limits() (l Limits) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err == nil {
		l.OpenFiles = r.Cur
	}
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return l
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		key, value, _ := strings.Cut(s.Text(), ":")
		n, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch {
		case err != nil:
		case key == "MemTotal":
			l.MemorySize = n << 10
		case key == "MemAvailable":
			l.MemoryFree = n << 10
		}
	}
	l.MemoryOfService = groupLimit()
	return l
}

// groupLimit returns the memory limit of the process's control group; 0: none.
func groupLimit() uint64 {
	raw, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::")
		if !ok {
			continue
		}
		limit, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", path, "memory.max"))
		if err != nil {
			return 0
		}
		n, _ := strconv.ParseUint(strings.TrimSpace(string(limit)), 10, 64) // "max" is none
		return n
	}
	return 0
}
