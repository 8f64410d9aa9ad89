package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// The shapes of CycloneDX 1.5 that are used here.
type (
	bom struct {
		Format       string       `json:"bomFormat"`
		Spec         string       `json:"specVersion"`
		Serial       string       `json:"serialNumber"`
		Version      int          `json:"version"`
		Metadata     metadata     `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	metadata struct {
		Timestamp string    `json:"timestamp"`
		Component component `json:"component"`
	}
	component struct {
		Type       string     `json:"type"`
		Ref        string     `json:"bom-ref"`
		Name       string     `json:"name"`
		Version    string     `json:"version"`
		Purl       string     `json:"purl,omitempty"`
		Hashes     []hash     `json:"hashes,omitempty"`
		Licenses   []license  `json:"licenses,omitempty"`
		Properties []property `json:"properties,omitempty"`
	}
	hash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	license struct {
		License struct {
			ID string `json:"id"`
		} `json:"license"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	dependency struct {
		Ref string   `json:"ref"`
		On  []string `json:"dependsOn"`
	}
)

// writeSBOM writes the bill of materials of a binary: what its own build information says is in it.
func writeSBOM(binary, to string, r release) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return fmt.Errorf("read what %s is made of: %w", filepath.Base(binary), err)
	}
	image, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(bill(info, sha256.Sum256(image), r), "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(to, append(text, '\n'), 0o644)
}

// bill is made of nothing but its arguments, so that two builds have the same.
func bill(info *debug.BuildInfo, digest [sha256.Size]byte, r release) bom {
	self := component{Type: "application", Name: "inbasket", Version: r.Version, Purl: purl(info.Main.Path, "v"+r.Version), Ref: "inbasket",
		Hashes: []hash{{"SHA-256", hex.EncodeToString(digest[:])}}}
	self.Licenses = make([]license, 1)
	self.Licenses[0].License.ID = "Apache-2.0"
	for _, s := range info.Settings {
		if s.Key == "GOOS" || s.Key == "GOARCH" || s.Key == "CGO_ENABLED" {
			self.Properties = append(self.Properties, property{"go:" + s.Key, s.Value})
		}
	}
	b := bom{Format: "CycloneDX", Spec: "1.5", Version: 1, Serial: "urn:uuid:" + uuid(digest),
		Metadata: metadata{Timestamp: r.Time.Format(time.RFC3339), Component: self}}
	std := component{Type: "library", Name: "std", Version: strings.TrimPrefix(info.GoVersion, "go"), Purl: purl("std", strings.TrimPrefix(info.GoVersion, "go"))}
	std.Ref = std.Purl
	b.Components = append(b.Components, std)
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		c := component{Type: "library", Name: m.Path, Version: m.Version, Purl: purl(m.Path, m.Version), Ref: purl(m.Path, m.Version)}
		if sum, ok := strings.CutPrefix(m.Sum, "h1:"); ok { // Go's digest of the module's files, not of one file
			if raw, err := base64.StdEncoding.DecodeString(sum); err == nil {
				c.Properties = append(c.Properties, property{"go:h1", hex.EncodeToString(raw)})
			}
		}
		b.Components = append(b.Components, c)
	}
	slices.SortFunc(b.Components, func(x, y component) int { return strings.Compare(x.Ref, y.Ref) })
	on := dependency{Ref: self.Ref}
	for _, c := range b.Components {
		on.On = append(on.On, c.Ref)
	}
	b.Dependencies = []dependency{on}
	return b
}

// purl names a Go module as package URLs do.
func purl(path, version string) string {
	return "pkg:golang/" + strings.ToLower(path) + "@" + strings.ReplaceAll(version, "+", "%2B")
}

// uuid is made of the binary's digest in the form of a random one: the same binary has the same.
func uuid(digest [sha256.Size]byte) string {
	u := digest[:16]
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
