//go:build !linux && !windows

package doctor

import (
	"os"

	"github.com/inbasket/inbasket/agent/disk"
)

func privileged() bool { return os.Geteuid() == 0 }

// accessible knows too little of this system to refuse anything.
func accessible(string, bool) error { return nil }

// Disk looks at the room only.
func (Local) Disk(path string) (Disk, error) {
	s, err := disk.Of(path)
	return Disk{Free: s.Free, Size: s.Size}, err
}

// Synchronised cannot be asked here.
func (Local) Synchronised() (yes, known bool) { return false, false }

// Limits are not known here.
func (Local) Limits() Limits { return Limits{} }
