package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/agent/audit"
)

// record puts on record which configuration is in force from now on, and on whose word. Digests say
// whether a file that is shown later is the one that was in force.
func (rt *assembly) record(ctx context.Context, trail *audit.Trail, by, version string) {
	h := sha256.New()
	var files, mappings []string
	for _, path := range rt.config.Files {
		text, err := os.ReadFile(path)
		if err != nil {
			files = append(files, filepath.Base(path)+" cannot be read any more")
			continue
		}
		sum := sha256.Sum256(text)
		h.Write(sum[:])
		files = append(files, fmt.Sprintf("%s %x", filepath.Base(path), sum[:8]))
	}
	for _, r := range rt.config.Routes {
		plan := rt.flow.prepare.Routes[r.Name].Plan
		digest := plan.Digest()
		h.Write(digest[:])
		if s := fmt.Sprintf("%s version %d %x", plan.Name(), plan.Version(), digest[:8]); !slices.Contains(mappings, s) {
			mappings = append(mappings, s)
		}
	}
	trail.Tell(ctx, audit.Record{Who: by, Via: audit.ViaSystem, Action: "config", Object: hex.EncodeToString(h.Sum(nil)),
		Details: map[string]string{"files": strings.Join(files, ", "), "mappings": strings.Join(mappings, ", "), "version": version}})
}

// recordStart puts on record that the agent starts, and with what.
func (a *Agent) recordStart(ctx context.Context) {
	a.trail.Tell(ctx, audit.Record{Who: "agent", Via: audit.ViaSystem, Action: "start",
		Details: map[string]string{"version": a.options.Version, "pid": strconv.Itoa(os.Getpid()), "force": audit.Yes(a.options.Force)}})
	a.assembly.record(ctx, a.trail, "agent", a.options.Version)
}
