package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
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
	var b bytes.Buffer
	e := cyclonedx.NewBOMEncoder(&b, cyclonedx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false)
	if err := e.EncodeVersion(bill(info, sha256.Sum256(image), r), cyclonedx.SpecVersion1_5); err != nil {
		return err
	}
	return os.WriteFile(to, b.Bytes(), 0o644)
}

// bill is made of nothing but its arguments, so that two builds have the same.
func bill(info *debug.BuildInfo, digest [sha256.Size]byte, r release) *cyclonedx.BOM {
	self := cyclonedx.Component{Type: cyclonedx.ComponentTypeApplication, Name: "inbasket", Version: r.Version, PackageURL: purl(info.Main.Path, "v"+r.Version), BOMRef: "inbasket",
		Hashes:   &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(digest[:])}},
		Licenses: &cyclonedx.Licenses{{License: &cyclonedx.License{ID: "Apache-2.0"}}}}
	var built []cyclonedx.Property
	for _, s := range info.Settings {
		if s.Key == "GOOS" || s.Key == "GOARCH" || s.Key == "CGO_ENABLED" {
			built = append(built, cyclonedx.Property{Name: "go:" + s.Key, Value: s.Value})
		}
	}
	self.Properties = &built
	components := []cyclonedx.Component{library("std", strings.TrimPrefix(info.GoVersion, "go"))}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		c := library(m.Path, m.Version)
		if sum, ok := strings.CutPrefix(m.Sum, "h1:"); ok { // Go's digest of the module's files, not of one file
			if raw, err := base64.StdEncoding.DecodeString(sum); err == nil {
				c.Properties = &[]cyclonedx.Property{{Name: "go:h1", Value: hex.EncodeToString(raw)}}
			}
		}
		components = append(components, c)
	}
	slices.SortFunc(components, func(x, y cyclonedx.Component) int { return strings.Compare(x.BOMRef, y.BOMRef) })
	var on []string
	for _, c := range components {
		on = append(on, c.BOMRef)
	}
	b := cyclonedx.NewBOM()
	b.SerialNumber = "urn:uuid:" + uuid([16]byte(digest[:16]), 4) // in the form of a random one
	b.Metadata = &cyclonedx.Metadata{Timestamp: r.Time.Format(time.RFC3339), Component: &self}
	b.Components = &components
	b.Dependencies = &[]cyclonedx.Dependency{{Ref: self.BOMRef, Dependencies: &on}}
	return b
}

func library(path, version string) cyclonedx.Component {
	url := purl(path, version)
	return cyclonedx.Component{Type: cyclonedx.ComponentTypeLibrary, Name: path, Version: version, PackageURL: url, BOMRef: url}
}

// purl names a Go module as package URLs do.
func purl(path, version string) string {
	return "pkg:golang/" + strings.ToLower(path) + "@" + strings.ReplaceAll(version, "+", "%2B")
}

// uuid is made of a digest: the same has the same.
func uuid(u [16]byte, version byte) string {
	u[6], u[8] = u[6]&0x0f|version<<4, u[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
