package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// release is what is built.
type release struct {
	// Version is a valid version of Debian and of RPM: 1.2.3, 1.2.3~rc.1 before it, 1.2.3+5.g150d8b2 after it,
	// 0.0.0~20261122193047.g150d8b2 where no version has been tagged yet. Later commits have higher versions.
	Version string
	// Time is the commit's, or SOURCE_DATE_EPOCH: the only time that stands in what is built.
	Time time.Time
}

// describe asks git what is built. A given version, with or without v, goes before what git says.
func describe(ctx context.Context, given string) (release, error) {
	stamp := os.Getenv("SOURCE_DATE_EPOCH")
	if stamp == "" {
		var err error
		if stamp, err = git(ctx, "log", "-1", "--format=%ct"); err != nil {
			return release{}, fmt.Errorf("when was this committed? %w (outside a repository set SOURCE_DATE_EPOCH)", err)
		}
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return release{}, fmt.Errorf("SOURCE_DATE_EPOCH is no number: %w", err)
	}
	r := release{Time: time.Unix(seconds, 0).UTC()}
	if given == "" {
		if given, err = git(ctx, "describe", "--tags", "--always", "--dirty", "--match", "v[0-9]*"); err != nil {
			return r, fmt.Errorf("which version is this? %w (outside a repository give -version)", err)
		}
	}
	r.Version, err = packageVersion(given, r.Time)
	return r, err
}

func git(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", args...).Output()
	return strings.TrimSpace(string(out)), err
}

var (
	tagged = regexp.MustCompile(`^v?(\d+\.\d+\.\d+)(?:-([A-Za-z][A-Za-z0-9.]*))?(?:-(\d+)-g([0-9a-f]+))?$`)
	bare   = regexp.MustCompile(`^([0-9a-f]{7,40})$`)
	// final is a version as packages have it.
	final = regexp.MustCompile(`^\d+\.\d+\.\d+(?:[~+][A-Za-z0-9.~+]+)?$`)
)

// packageVersion turns what git describe prints into a version of a package.
func packageVersion(described string, at time.Time) (string, error) {
	described, dirty := strings.CutSuffix(described, "-dirty")
	if m := tagged.FindStringSubmatch(described); m != nil {
		v := m[1]
		if m[2] != "" {
			v += "~" + m[2]
		}
		if m[3] != "" {
			v += "+" + m[3] + ".g" + m[4]
		}
		return mark(v, dirty), nil
	}
	if m := bare.FindStringSubmatch(described); m != nil {
		return mark("0.0.0~"+at.Format("20060102150405")+".g"+m[1], dirty), nil
	}
	if v := strings.TrimPrefix(described, "v"); final.MatchString(v) {
		return v, nil
	}
	return "", fmt.Errorf("%q is no version; write one such as 1.2.3 or 1.2.3-rc.1", described)
}

// mark tells that what is built was not committed as it is.
func mark(version string, dirty bool) string {
	switch {
	case !dirty:
		return version
	case strings.Contains(version, "+"):
		return version + ".dirty"
	default:
		return version + "+dirty"
	}
}
