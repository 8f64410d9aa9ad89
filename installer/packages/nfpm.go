package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"text/template"
	"time"
)

// nfpmTool makes deb and rpm. Later versions do not build with what this project uses.
const nfpmTool = "github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.0"

const (
	homepage   = "https://github.com/inbasket/inbasket"
	maintainer = "Inbasket maintainers <inbasket@users.noreply.github.com>"
)

// nfpm makes one deb or rpm; files/nfpm.yaml says what a package is besides its files.
func (p plan) nfpm(ctx context.Context, format string) error {
	entries := p.entries
	if format == "deb" {
		changes, err := p.debianChangelog()
		if err != nil {
			return err
		}
		entries = append(entries[:len(entries):len(entries)],
			entry{src: changes, dst: docs + "/changelog.Debian.gz", mode: 0o644},
			entry{src: own + "lintian-overrides", dst: "/usr/share/lintian/overrides/inbasket", mode: 0o644})
	}
	var list []map[string]any
	for _, e := range entries {
		if e.of(format) {
			list = append(list, p.content(e))
		}
	}
	contents, err := json.Marshal(list) // YAML takes it
	if err != nil {
		return err
	}
	settings, err := template.ParseFiles(own + "nfpm.yaml")
	if err != nil {
		return err
	}
	var text bytes.Buffer
	err = settings.Execute(&text, map[string]string{"Arch": p.arch, "Version": p.Version, "Maintainer": maintainer, "Homepage": homepage, "Time": p.Time.Format(time.RFC3339), "Contents": string(contents)})
	if err != nil {
		return err
	}
	config := filepath.Join(p.work, format+".yaml")
	if err := os.WriteFile(config, text.Bytes(), 0o644); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "run", nfpmTool, "package", "--config", config, "--packager", format, "--target", p.out)
	cmd.Env = append(os.Environ(), "GOFLAGS=", fmt.Sprintf("SOURCE_DATE_EPOCH=%d", p.Time.Unix()))
	return loud(cmd)
}

func (p plan) content(e entry) map[string]any {
	c := map[string]any{"dst": e.dst, "file_info": map[string]any{"owner": "root", "group": cmp.Or(e.group, "root"), "mode": uint32(e.mode), "mtime": p.Time}}
	switch {
	case e.src == "":
		c["type"] = "dir"
	case e.config:
		c["type"] = "config|noreplace"
	}
	if e.src != "" {
		c["src"] = e.src
	}
	return c
}

// debianChangelog writes the changelog in Debian's own form; what users notice is in CHANGELOG.md.
func (p plan) debianChangelog() (string, error) {
	text := fmt.Sprintf("inbasket (%s-1) unstable; urgency=medium\n\n  * What changed is told by changelog.gz beside this file.\n\n -- %s  %s\n",
		p.Version, maintainer, p.Time.Format(time.RFC1123Z))
	packed, err := gzipBytes([]byte(text))
	if err != nil {
		return "", err
	}
	path := filepath.Join(p.work, "changelog.Debian.gz")
	return path, os.WriteFile(path, packed, 0o644)
}
