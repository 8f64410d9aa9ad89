package diagnose

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/doctor"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/connectors"
)

// TestMessages: what is let through of the log is what the program itself says.
func TestMessages(t *testing.T) {
	var source strings.Builder
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		source.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range strings.Split(strings.TrimSpace(messages), "\n") {
		if !logged(source.String(), m) {
			t.Errorf("nothing logs %q", m)
		}
	}
}

// composed are messages with a part of the program's own words in the middle.
var composed = regexp.MustCompile(`Msg\("([^"]+)" \+ \w+ \+ "([^"]+)"`)

// logged tells whether a message stands in the source: whole, before what is not known by heart, or in three parts.
func logged(source, message string) bool {
	if strings.Contains(source, `"`+message+`"`) || strings.Contains(source, `"`+message+`: "`) || strings.Contains(source, `"`+message+`: `) {
		return true
	}
	for _, m := range composed.FindAllStringSubmatch(source, -1) {
		middle, begins := strings.CutPrefix(message, m[1])
		middle, ends := strings.CutSuffix(middle, m[2])
		if begins && ends && strings.Contains(source, `"`+middle+`"`) {
			return true
		}
	}
	return false
}

func TestGoroutines(t *testing.T) {
	const dump = `goroutine 1 [select, 3 minutes]:
github.com/inbasket/inbasket/agent.(*lane).run(0xc000123, {0x12, 0x3})
	/home/kanarie/src/agent/lane.go:123 +0x1f3
main.serve[...](...)
	C:/Users/Kanarie/serve.go:9
created by github.com/inbasket/inbasket/agent.(*Agent).Run in goroutine 7
	/home/kanarie/src/agent/agent.go:40 +0x55

goroutine 2 [running]:
panic({0x1?, 0x2?})
something kanarie wrote
	kanarie
`
	const want = `goroutine 1 [select, 3 minutes]:
github.com/inbasket/inbasket/agent.(*lane).run
	lane.go:123
main.serve[...]
	serve.go:9
created by github.com/inbasket/inbasket/agent.(*Agent).Run
	agent.go:40

goroutine 2 [running]:
panic
`
	if got := string(goroutinesOf(dump)); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestMetrics(t *testing.T) {
	a := newAliases(Source{Config: &config.Config{Targets: []config.Target{{Connector: config.Connector{Name: "register"}}}}})
	const text = `# HELP inbasket_x kanarie
inbasket_target_open{target="register"} 3
inbasket_target_open{target="kanarie \"\\ x"} 4
inbasket_parked_by_code{code="sql.login"} 1
inbasket_parked_by_code{code="Kanarie!"} 1
inbasket_certificate_expiry_timestamp_seconds{of="targets/register",whose="peer"} 1.7e+09
inbasket_strange{kanarie="kanarie"} 1
other_metric 1
go_goroutines 7
inbasket_broken{ kanarie
inbasket_nan NaN
`
	const want = `inbasket_target_open{target="target#1"} 3
inbasket_target_open{target="target#2"} 4
inbasket_parked_by_code{code="sql.login"} 1
inbasket_parked_by_code{code="other"} 1
inbasket_certificate_expiry_timestamp_seconds{of="targets/target#1",whose="peer"} 1.7e+09
inbasket_strange{kanarie="other"} 1
go_goroutines 7
inbasket_nan NaN
`
	if got := string(metricsOf(text, a)); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestLog(t *testing.T) {
	id, err := journal.ParseID("0AM3VFP48PSNZ")
	if err != nil {
		t.Fatal(err)
	}
	s := Source{History: []checking.Trail{{ID: id}}, Log: []byte(`{"level":"warn","time":"2026-03-02T12:00:00Z","code":"sql.login","target":"register","submission":"` + id.String() + `","message":"target failed; nothing is lost, trying again: kanarie","cause":"kanarie"}
{"level":"error","message":"kanarie","submission":"0AM3VFP48PSN0","code":"Kanarie"}
goroutine 1 kanarie
`)}
	b, err := json.Marshal(logOf(s, newAliases(s)))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"lines":[{"code":"sql.login","level":"warn","message":"target failed; nothing is lost, trying again","submission":"0AM3VFP48PSNZ","target":"other","time":"2026-03-02T12:00:00Z"},` +
		`{"code":"other","level":"error","time":"0001-01-01T00:00:00Z"}],"notRead":1}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}

// TestMasker lets figures, switches and words of the program through, and nothing else, also of connectors to come.
func TestMasker(t *testing.T) {
	type inner struct {
		Mode string `yaml:"mode"`
		Deep string `yaml:"deep"`
	}
	type block struct {
		Host    string            `yaml:"host"`
		Server  string            `yaml:"server"`
		Path    string            `yaml:"path"`
		Port    int               `yaml:"port"`
		Pass    connectors.Secret `yaml:"password"`
		Passes  []connectors.Secret
		Also    []connectors.Secret `yaml:"also"`
		Wait    time.Duration       `yaml:"wait"`
		On      bool                `yaml:"on"`
		List    []string            `yaml:"list"`
		At      []string            `yaml:"at"`
		Map     map[string]string   `yaml:"map"`
		Inner   inner               `yaml:"inner"`
		None    *inner              `yaml:"none"`
		Any     any                 `yaml:"any"`
		Odd     string              `yaml:"zone"`
		NoKey   string
		private string
	}
	v := block{Host: "kanarie", Server: "kanarie", Path: "kanarie", Port: 5432, Pass: "kanarie", Passes: []connectors.Secret{"kanarie"}, Also: []connectors.Secret{"kanarie"},
		Wait: time.Minute, On: true, List: []string{"kanarie", "kanarie"}, At: []string{"18:00"}, Map: map[string]string{"kanarie": "kanarie"},
		Inner: inner{Mode: "verify-full", Deep: "kanarie"}, Any: "kanarie", Odd: "kanarie\n\x00", NoKey: "kanarie", private: "kanarie"}
	b, err := json.Marshal(masker{newAliases(Source{Names: true})}.copy(&v))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"also":"(1 set)","any":"(set)","at":["18:00"],"host":"host#1","inner":{"deep":"(set)","mode":"verify-full"},"list":"(2 set)","map":"(1 set)",` +
		`"on":true,"password":"(secret)","path":"(set)","port":5432,"server":"host#1","wait":"1m0s","zone":"other"}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}

// TestNothing makes a bundle of nothing at all.
func TestNothing(t *testing.T) {
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	files, err := Collect(Source{At: at})
	if err != nil || len(files) != 2 || files[0].Name != "manifest.json" || files[1].Name != "program.json" {
		t.Fatalf("%d files, %v", len(files), err)
	}
	var one, two bytes.Buffer
	if err := Write(&one, at, files); err != nil {
		t.Fatal(err)
	}
	if err := Write(&two, at, files); err != nil || !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Errorf("the same files give another archive: %v", err)
	}
	if _, err := zip.NewReader(bytes.NewReader(one.Bytes()), int64(one.Len())); err != nil {
		t.Error(err)
	}
}

// TestParts copies of a status, a journal and findings what is allowed, and replaces names.
func TestParts(t *testing.T) {
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	a := newAliases(Source{Config: &config.Config{Targets: []config.Target{{Connector: config.Connector{Name: "kanarie"}}}}})
	for name, c := range map[string]struct {
		part any
		want string
	}{
		"none": {(*control.Status)(nil), `null`},
		"status": {&control.Status{Agency: "kanarie", Version: "1.2.3", Config: "kanarie", States: map[journal.State]int64{journal.Parked: 2},
			Journal: &control.Trouble{Code: "journal.full", Text: "kanarie", Since: at}, Stuck: []control.Trouble{{Code: "Kanarie"}},
			Inbaskets: []control.SourceStatus{{Name: "kanarien", Type: "folder", Waiting: []control.WaitingItem{{Item: "kanarie", Code: "file.closed", Text: "kanarie"}}}},
			Targets:   []control.TargetStatus{{Name: "kanarie", Why: "kanarie", Batch: &control.BatchStatus{Count: 3}}}, Notices: []control.Notice{{At: at, Text: "kanarie", Code: "a.b"}}},
			`{"epoch":0,"inbaskets":[{"name":"results#1","taken":0,"type":"folder","waiting":[{"code":"file.closed"}]}],"journal":{"code":"journal.full","count":0,"since":"2026-03-02T12:00:00Z"},` +
				`"notices":[{"at":"2026-03-02T12:00:00Z","code":"a.b","count":0}],"orphans":0,"parkedLate":0,"parkedResults":0,"pid":0,"running":false,"states":{"parked":2},"stuck":[{"code":"other","count":0}],` +
				`"targets":[{"batch":{"count":3,"lastSeq":0,"sealed":0,"size":0},"delivered":0,"name":"target#1","open":0,"parked":0,"paused":false,"stopped":0}],"version":"1.2.3"}`},
		"history":  {[]checking.Trail{{At: at, What: "parked", Target: "kanarie", Code: "a.b"}, {What: "by Kanarie"}}, `[{"at":"2026-03-02T12:00:00Z","code":"a.b","iD":"0000000000000","target":"target#1","what":"parked"},{"iD":"0000000000000","what":"other"}]`},
		"findings": {&control.Examination{Account: "kanarie", Findings: []control.Finding{{Area: "disk", Level: control.LevelFail, Subject: "kanarie done", Text: "kanarie", Cure: "kanarie"}}}, `{"findings":[{"area":"disk","level":"fail","subject":"target#1"}],"inside":false}`},
		"service":  {&doctor.Service{Manager: "systemd", Definition: "/kanarie", Account: "kanarie", Drift: []string{"kanarie"}}, `{"account":"another","definition":"(set)","drift":"(1 set)","enabled":false,"installed":false,"manager":"systemd","running":false}`},
		"file":     {&checking.Inspection{Damage: "kanarie", Plans: []checking.PlanUse{{Plan: journal.Plan{Name: "kanarien"}, Open: 2}}}, ``},
	} {
		b, err := json.Marshal(masker{a}.copy(c.part))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "kanarie") {
			t.Errorf("%s holds a text that is not allowed: %s", name, b)
		}
		if c.want != "" && string(b) != c.want {
			t.Errorf("%s: got  %s\nwant %s", name, b, c.want)
		}
	}
}
