// Command install installs with apt-get what the tests start as real servers, without starting any
// service of the machine. It does nothing when all is there.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// needs are the programs that must be there, and the Debian package of each.
var needs = []struct{ program, pkg string }{
	{"/usr/lib/postgresql/*/bin/postgres", "postgresql"},
	{"/usr/sbin/mariadbd", "mariadb-server"},
	{"/usr/sbin/vsftpd", "vsftpd"},
}

func main() {
	if err := install(); err != nil {
		fmt.Fprintln(os.Stderr, "install:", err)
		os.Exit(1)
	}
}

func install() error {
	packages := missing()
	if len(packages) == 0 {
		return nil
	}
	if os.Getuid() != 0 {
		return fmt.Errorf("missing %s: run as root, or install them", strings.Join(packages, " "))
	}
	undo, err := forbidStart()
	if err != nil {
		return err
	}
	defer undo()
	// A machine's lists are often stale or empty; the update may fail for a source nobody needs here.
	_ = apt("update")
	if err := apt(append([]string{"install", "-y", "--no-install-recommends"}, packages...)...); err != nil {
		return err
	}
	if left := missing(); len(left) > 0 {
		return fmt.Errorf("still missing after the installation: %s", strings.Join(left, " "))
	}
	return nil
}

func missing() []string {
	var packages []string
	for _, n := range needs {
		if found, _ := filepath.Glob(n.program); len(found) == 0 {
			packages = append(packages, n.pkg)
		}
	}
	return packages
}

// forbidStart makes invoke-rc.d refuse to start services, as Debian's policy layer allows, and returns
// what takes that back. A policy that is there already stays.
func forbidStart() (undo func(), err error) {
	const policy = "/usr/sbin/policy-rc.d"
	if _, err := os.Stat(policy); err == nil {
		return func() {}, nil
	}
	if err := os.WriteFile(policy, []byte("#!/bin/sh\nexit 101\n"), 0o755); err != nil {
		return nil, err
	}
	return func() { os.Remove(policy) }, nil
}

func apt(args ...string) error {
	cmd := exec.Command("apt-get", append([]string{"-q", "-o", "DPkg::Lock::Timeout=120"}, args...)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("apt-get %s: %w", args[0], err)
	}
	return nil
}
