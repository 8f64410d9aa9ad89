package main

import (
	"cmp"
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
	var list []map[string]any
	for _, e := range entries {
		if e.of(format) {
			list = append(list, p.content(e))
		}
	}
	c := map[string]any{ // nfpm reads YAML, and so JSON
		"name": "inbasket", "arch": p.arch, "platform": "linux", "version": p.Version, "version_schema": "none", "release": "1",
		"section": "net", "priority": "optional", "maintainer": maintainer, "description": description, "vendor": "Inbasket",
		"homepage": homepage, "license": "Apache-2.0", "mtime": p.Time, "disable_globbing": true,
		"recommends": []string{"ca-certificates"}, "scripts": scripts(format), "contents": list,
		"rpm": map[string]any{"summary": summary, "group": "System Environment/Daemons", "buildhost": "inbasket", "compression": "gzip:9"},
		"deb": map[string]any{"compression": "xz"},
	}
	if format == "rpm" { // its scripts make the account
		c["depends"] = []string{"/usr/sbin/useradd", "/usr/sbin/groupadd"}
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

func scripts(format string) map[string]string {
	const dir = "installer/packages/scripts/"
	if format == "deb" {
		return map[string]string{"postinstall": dir + "deb.postinst", "preremove": dir + "deb.prerm", "postremove": dir + "deb.postrm"}
	}
	return map[string]string{"preinstall": dir + "rpm.pre", "postinstall": dir + "rpm.post", "preremove": dir + "rpm.preun", "postremove": dir + "rpm.postun"}
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
