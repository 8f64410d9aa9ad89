package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// linux makes the packages of every architecture in the folder out.
func linux(ctx context.Context, r release, out string, archs, formats []string) error {
	work, err := os.MkdirTemp("", "inbasket-packages")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	tool, err := hostTool(ctx, r, work)
	if err != nil {
		return err
	}
	made, err := generated(ctx, r, work, tool)
	if err != nil {
		return err
	}
	for _, arch := range archs {
		binary := filepath.Join(work, arch, "inbasket")
		if err := build(ctx, r, "linux", arch, binary); err != nil {
			return err
		}
		bill := filepath.Join(out, fmt.Sprintf("inbasket_%s_linux_%s.cdx.json", r.Version, arch))
		if err := writeSBOM(binary, bill, r); err != nil {
			return err
		}
		p := plan{release: r, arch: arch, work: filepath.Join(work, arch), out: out}
		p.entries, err = contents(binary, bill, made)
		if err != nil {
			return err
		}
		for _, f := range formats {
			if err := p.pack(ctx, f); err != nil {
				return fmt.Errorf("%s for %s: %w", f, arch, err)
			}
		}
	}
	return nil
}

// plan is one architecture's packages.
type plan struct {
	release
	arch    string
	work    string // folder for what is needed on the way
	out     string
	entries []entry
}

func (p plan) pack(ctx context.Context, format string) error {
	switch format {
	case "deb", "rpm":
		return p.nfpm(ctx, format)
	case "tar":
		return p.tarball()
	default:
		return fmt.Errorf("there is no format %q: deb, rpm or tar", format)
	}
}

// build compiles the agent so that two builds are the same bytes, wherever and by whomever they are made.
func build(ctx context.Context, r release, system, arch, to string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w -buildid= -X main.version="+r.Version, "-o", to, "./agent/cmd/inbasket")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch, "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=")
	return loud(cmd)
}

// hostTool builds the agent for the machine that builds: it writes the manual and the completions.
func hostTool(ctx context.Context, r release, work string) (string, error) {
	tool := filepath.Join(work, "host", "inbasket")
	if runtime.GOOS == "windows" {
		tool += ".exe"
	}
	return tool, build(ctx, r, runtime.GOOS, runtime.GOARCH, tool)
}

// generated has the agent write its manual and completions, and returns them as entries.
func generated(ctx context.Context, r release, work, tool string) ([]entry, error) {
	manual := filepath.Join(work, "man")
	if err := loud(exec.CommandContext(ctx, tool, "man", manual, "--date", r.Time.Format("2006-01-02"))); err != nil {
		return nil, err
	}
	pages, err := filepath.Glob(filepath.Join(manual, "*.[15]"))
	if err != nil {
		return nil, err
	}
	slices.Sort(pages)
	var out []entry
	for _, page := range pages {
		gz, err := gzipped(page)
		if err != nil {
			return nil, err
		}
		out = append(out, entry{src: gz, dst: "/usr/share/man/man" + page[len(page)-1:] + "/" + filepath.Base(gz), mode: 0o644})
	}
	for _, c := range []struct{ shell, dst, format string }{
		{"bash", "/usr/share/bash-completion/completions/inbasket", ""},
		{"fish", "/usr/share/fish/vendor_completions.d/inbasket.fish", ""},
		{"zsh", "/usr/share/zsh/vendor-completions/_inbasket", "deb"},
		{"zsh", "/usr/share/zsh/site-functions/_inbasket", "rpm tar"},
	} {
		text, err := exec.CommandContext(ctx, tool, "completion", c.shell).Output()
		if err != nil {
			return nil, err
		}
		src := filepath.Join(work, "completion."+c.shell)
		if err := os.WriteFile(src, text, 0o644); err != nil {
			return nil, err
		}
		out = append(out, entry{src: src, dst: c.dst, mode: 0o644, formats: c.format})
	}
	return out, nil
}

// loud runs a command whose output is worth seeing only when it fails.
func loud(cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}
