package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// disk is a file system of its own below the agent's folder, whose power can be cut.
type disk struct{ image, loop, at string }

// ioctlShutdown is EXT4_IOC_SHUTDOWN: the file system goes down without writing anything more.
const (
	ioctlShutdown = 0x8004587d
	noLogFlush    = 2
)

// newDisk makes an ext4 of 512 MiB in the file image and mounts it at the folder at. It needs root.
func newDisk(image, at string) (*disk, error) {
	f, err := os.Create(image)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Truncate(512 << 20); err != nil {
		return nil, err
	}
	if err := command("mkfs.ext4", "-q", "-F", image); err != nil {
		return nil, err
	}
	d := &disk{image: image, at: at}
	if err := d.mount(); err != nil {
		return nil, errors.Join(errNoDisk, err)
	}
	return d, nil
}

func (d *disk) mount() error {
	out, err := exec.Command("losetup", "--find", "--show", d.image).CombinedOutput()
	if err != nil {
		return fmt.Errorf("losetup: %w: %s", err, out)
	}
	d.loop = strings.TrimSpace(string(out))
	return command("mount", "-t", "ext4", d.loop, d.at)
}

// shutdown cuts the power: nothing more reaches the disk, and what was not synced is gone.
func (d *disk) shutdown() error {
	f, err := os.Open(d.at)
	if err != nil {
		return err
	}
	defer f.Close()
	flags := uint32(noLogFlush)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), ioctlShutdown, uintptr(unsafe.Pointer(&flags))); errno != 0 {
		return fmt.Errorf("shut the file system down: %w", errno)
	}
	return nil
}

// again brings the disk back as after a restart.
func (d *disk) again() error {
	if err := d.unmount(); err != nil {
		return err
	}
	return d.mount()
}

func (d *disk) unmount() error {
	if err := command("umount", d.at); err != nil {
		return err
	}
	return command("losetup", "-d", d.loop)
}

func (d *disk) close() { _ = d.unmount() }

func command(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

// tmpfs is a small disk in memory for the agent's state, which can be full.
type tmpfs struct{ at string }

// newTmpfs mounts 192 MiB at the folder at. It needs root.
func newTmpfs(at string) (*tmpfs, error) {
	if err := command("mount", "-t", "tmpfs", "-o", "size=192m,mode=0700", "tmpfs", at); err != nil {
		return nil, errors.Join(errNoDisk, err)
	}
	return &tmpfs{at}, nil
}

// fill writes until nothing more fits.
func (t *tmpfs) fill() error {
	f, err := os.Create(filepath.Join(t.at, "ballast"))
	if err != nil {
		return err
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 4
		}
	}
	return nil
}

// free gives the room back.
func (t *tmpfs) free() { _ = os.Remove(filepath.Join(t.at, "ballast")) }

// grow makes the disk larger.
func (t *tmpfs) grow() error { return command("mount", "-o", "remount,size=768m", t.at) }

func (t *tmpfs) close() { _ = command("umount", t.at) }
