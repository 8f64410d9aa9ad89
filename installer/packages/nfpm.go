package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// nfpmTool makes deb and rpm. Later versions do not build with what this project uses.
const nfpmTool = "github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.0"

const (
	summary     = "agent that writes e-forms into legacy systems"
	description = summary + `
Inbasket ends re-keying. It runs beside a legacy system, takes the e-forms that
citizens and businesses send out of in-baskets, writes them into the legacy
database, file drop or FTP batch by a declarative mapping, collects what the
back office decides, and hands the decision to the front office.`
	homepage   = "https://github.com/inbasket/inbasket"
	maintainer = "Inbasket maintainers <inbasket@users.noreply.github.com>"
)

// The shapes of nfpm's configuration; it reads YAML, and so JSON.
type (
	nfpmConfig struct {
		Name          string            `json:"name"`
		Arch          string            `json:"arch"`
		Platform      string            `json:"platform"`
		Version       string            `json:"version"`
		VersionSchema string            `json:"version_schema"`
		Release       string            `json:"release"`
		Section       string            `json:"section"`
		Priority      string            `json:"priority"`
		Maintainer    string            `json:"maintainer"`
		Description   string            `json:"description"`
		Vendor        string            `json:"vendor"`
		Homepage      string            `json:"homepage"`
		License       string            `json:"license"`
		MTime         time.Time         `json:"mtime"`
		NoGlobs       bool              `json:"disable_globbing"`
		Recommends    []string          `json:"recommends,omitempty"`
		Depends       []string          `json:"depends,omitempty"`
		Contents      []nfpmContent     `json:"contents"`
		Scripts       map[string]string `json:"scripts"`
		RPM           map[string]any    `json:"rpm"`
		Deb           map[string]any    `json:"deb"`
	}
	nfpmContent struct {
		Src  string   `json:"src,omitempty"`
		Dst  string   `json:"dst"`
		Type string   `json:"type,omitempty"`
		Info nfpmInfo `json:"file_info"`
	}
	nfpmInfo struct {
		Owner string    `json:"owner"`
		Group string    `json:"group"`
		Mode  uint32    `json:"mode"`
		MTime time.Time `json:"mtime"`
	}
)

// nfpm makes one deb or rpm.
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
	c := nfpmConfig{Name: "inbasket", Arch: p.arch, Platform: "linux", Version: p.Version, VersionSchema: "none", Release: "1",
		Section: "net", Priority: "optional", Maintainer: maintainer, Description: description, Vendor: "Inbasket",
		Homepage: homepage, License: "Apache-2.0", MTime: p.Time, NoGlobs: true,
		Recommends: []string{"ca-certificates"}, Scripts: scripts(format),
		RPM: map[string]any{"summary": summary, "group": "System Environment/Daemons", "buildhost": "inbasket", "compression": "gzip:9"},
		Deb: map[string]any{"compression": "xz"}}
	if format == "rpm" { // its scripts make the account
		c.Depends = []string{"/usr/sbin/useradd", "/usr/sbin/groupadd"}
	}
	for _, e := range entries {
		if e.of(format) {
			c.Contents = append(c.Contents, p.content(e))
		}
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	config := filepath.Join(p.work, format+".yaml")
	if err := os.WriteFile(config, text, 0o644); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "run", nfpmTool, "package", "--config", config, "--packager", format, "--target", p.out)
	cmd.Env = append(os.Environ(), "GOFLAGS=", fmt.Sprintf("SOURCE_DATE_EPOCH=%d", p.Time.Unix()))
	return loud(cmd)
}

func (p plan) content(e entry) nfpmContent {
	c := nfpmContent{Src: e.src, Dst: e.dst, Info: nfpmInfo{Owner: "root", Group: "root", Mode: uint32(e.mode), MTime: p.Time}}
	if e.group != "" {
		c.Info.Group = e.group
	}
	switch {
	case e.src == "":
		c.Type = "dir"
	case e.config:
		c.Type = "config|noreplace"
	}
	return c
}

func scripts(format string) map[string]string {
	out := map[string]string{}
	names := map[string]map[string]string{
		"deb": {"postinstall": "deb.postinst", "preremove": "deb.prerm", "postremove": "deb.postrm"},
		"rpm": {"preinstall": "rpm.pre", "postinstall": "rpm.post", "preremove": "rpm.preun", "postremove": "rpm.postun"},
	}
	for kind, name := range names[format] {
		out[kind] = "installer/packages/scripts/" + name
	}
	return out
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
