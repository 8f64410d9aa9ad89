package monitoring

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const (
	root   = "../.."
	folder = root + "/installer/monitoring"
)

// rules is the part of a Prometheus rule file that matters here.
type rules struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Record, Expr string
			Labels, Annotations map[string]string
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func alerts(t *testing.T) (r rules) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, folder+"/alerts.yaml")), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// promtool runs Prometheus's own checker.
func promtool(t *testing.T, args ...string) { t.Helper(); promtoolReads(t, "", args...) }

// promtoolReads does the same with something on standard input.
func promtoolReads(t *testing.T, input string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("promtool"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("promtool is not here: go run ./test/servers/install prometheus")
	}
	cmd := exec.CommandContext(t.Context(), "promtool", args...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil || len(args) > 1 && args[1] == "metrics" && len(out) > 0 {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestAlertsFireWhenTheyShould(t *testing.T) {
	promtool(t, "check", "rules", folder+"/alerts.yaml")
	promtool(t, "test", "rules", folder+"/alerts_test.yaml")
}

var (
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	notSlug = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestAlertsSayWhatToDo looks whether every alert is tried, says how bad it is, and leads to a section of operate.md.
func TestAlertsSayWhatToDo(t *testing.T) {
	tried := read(t, folder+"/alerts_test.yaml")
	sections := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(read(t, root+"/docs/operate.md"), -1) {
		sections[strings.ReplaceAll(notSlug.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	n := 0
	for _, g := range alerts(t).Groups {
		for _, r := range g.Rules {
			n++
			if !strings.Contains(tried, "name: "+r.Alert+"\n") {
				t.Errorf("%s is not tried in alerts_test.yaml", r.Alert)
			}
			if !slices.Contains([]string{"warning", "critical"}, r.Labels["severity"]) {
				t.Errorf("%s: severity %q", r.Alert, r.Labels["severity"])
			}
			if a := r.Annotations; a["summary"] == "" || a["description"] == "" || !strings.Contains(a["summary"]+a["description"], "$labels.instance") {
				t.Errorf("%s does not say what is wrong where: %v", r.Alert, a)
			}
			page, anchor, _ := strings.Cut(r.Annotations["runbook"], "#")
			if page != "docs/operate.md" || !sections[anchor] {
				t.Errorf("%s: operate.md has no section #%s", r.Alert, anchor)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d alerts were found", n)
	}
}

// dashboard is the part of Grafana's model that matters here.
type dashboard struct {
	Title, UID    string
	SchemaVersion int
	Templating    struct{ List []struct{ Name, Type string } }
	Annotations   struct{ List []struct{ Expr string } }
	Panels        []panel
}

type panel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ H, W, X, Y int }
	Datasource               struct{ Type, UID string }
	Targets                  []struct {
		Expr, RefID string
		Datasource  struct{ UID string }
	}
}

func board(t *testing.T) (d dashboard) {
	t.Helper()
	if err := json.Unmarshal([]byte(read(t, folder+"/dashboard.json")), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// core are the panels that every Grafana has.
var core = []string{"row", "stat", "timeseries", "table"}

func TestDashboardIsWellFormed(t *testing.T) {
	d := board(t)
	if d.Title == "" || d.UID == "" || d.SchemaVersion < 36 || len(d.Panels) < 20 {
		t.Fatalf("%q %q %d with %d panels", d.Title, d.UID, d.SchemaVersion, len(d.Panels))
	}
	sources := 0
	for _, v := range d.Templating.List {
		if v.Type == "datasource" {
			sources++
		}
	}
	if sources != 1 {
		t.Errorf("%d variables for the data source", sources)
	}
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.ID == 0 || p.Title == "" || !slices.Contains(core, p.Type) {
			t.Errorf("panel %d %q of type %s", p.ID, p.Title, p.Type)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%q lies over %q", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if len(p.Targets) == 0 || p.Description == "" || p.Datasource.UID != "${datasource}" {
			t.Errorf("%q asks nothing, says nothing or asks one data source only", p.Title)
		}
		for _, q := range p.Targets {
			if q.Datasource.UID != "${datasource}" || q.RefID == "" || !strings.Contains(q.Expr, "$instance") {
				t.Errorf("%q: %s", p.Title, q.Expr)
			}
		}
	}
}

// queries returns every expression of the dashboard as Prometheus gets it.
func queries(t *testing.T) (all []string) {
	t.Helper()
	d := board(t)
	fill := strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*")
	for _, a := range d.Annotations.List {
		all = append(all, fill.Replace(a.Expr))
	}
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			all = append(all, fill.Replace(q.Expr))
		}
	}
	return all
}

func TestDashboardAsksInPromQL(t *testing.T) {
	var b strings.Builder
	b.WriteString("groups:\n  - name: dashboard\n    rules:\n")
	for i, q := range queries(t) {
		fmt.Fprintf(&b, "      - {record: \"dashboard:%d\", expr: %q}\n", i, q)
	}
	path := filepath.Join(t.TempDir(), "dashboard.yaml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", path)
}
