// Command install installs with apt-get what the tests start as real servers, and what else is named on its
// command line, without starting any service of the machine. It does nothing when all is there.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// always are the packages that make test needs: servers, and tools that look at what the tests made.
var always = []string{"postgresql", "pgbouncer", "mariadb-server", "vsftpd", "postfix", "prometheus", "strace", "groff-base", "wixl", "msitools", "osslsigncode", "chromium"}

// files tell, for each Debian package, whether it is there.
var files = map[string]string{
	"npm":                       "/usr/bin/npm",
	"postgresql":                "/usr/lib/postgresql/*/bin/postgres",
	"pgbouncer":                 "/usr/sbin/pgbouncer",
	"mariadb-server":            "/usr/sbin/mariadbd",
	"vsftpd":                    "/usr/sbin/vsftpd",
	"postfix":                   "/usr/lib/postfix/sbin/master",
	"strace":                    "/usr/bin/strace",
	"groff-base":                "/usr/bin/groff",
	"prometheus":                "/usr/bin/promtool",
	"e2fsprogs":                 "/sbin/mkfs.ext4",
	"debootstrap":               "/usr/sbin/debootstrap",
	"systemd-container":         "/usr/bin/systemd-nspawn",
	"lintian":                   "/usr/bin/lintian",
	"rpm":                       "/usr/bin/rpm",
	"wine64":                    "/usr/lib/wine/wine64",
	"wixl":                      "/usr/bin/wixl",
	"msitools":                  "/usr/bin/msibuild",
	"osslsigncode":              "/usr/bin/osslsigncode",
	"chromium":                  "/usr/bin/chromium",
	"binutils-mingw-w64-x86-64": "/usr/bin/x86_64-w64-mingw32-ld",
	"python3-psycopg2":          "/usr/lib/python3/dist-packages/psycopg2",
}

func main() {
	if err := errors.Join(install(append(always, os.Args[1:]...)), installLinter()); err != nil {
		fmt.Fprintln(os.Stderr, "install:", err)
		os.Exit(1)
	}
}

func install(wanted []string) error {
	packages := missing(wanted)
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
	if left := missing(wanted); len(left) > 0 {
		return fmt.Errorf("still missing after the installation: %s", strings.Join(left, " "))
	}
	return nil
}

// linter is the linter of API descriptions that a test runs, in the version that it was last seen to be content in.
const linter = "@redocly/cli@2.77.0"

// installLinter installs it with npm, and npm before where that is missing.
func installLinter() error {
	if _, err := exec.LookPath("redocly"); err == nil {
		return nil
	}
	if _, err := exec.LookPath("npm"); err != nil {
		if err := install([]string{"npm"}); err != nil {
			return err
		}
	}
	cmd := exec.Command("npm", "install", "--global", "--no-audit", "--no-fund", "--ignore-scripts", linter)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("npm install %s: %w", linter, err)
	}
	return nil
}

func missing(wanted []string) []string {
	var packages []string
	for _, pkg := range wanted {
		if found, _ := filepath.Glob(files[pkg]); len(found) == 0 {
			packages = append(packages, pkg)
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
