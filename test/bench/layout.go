package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

// layout is how many in-baskets of one agent write to how many databases: as many to as many by themselves, others to all.
type layout struct{ from, to int }

func (l layout) String() string { return fmt.Sprintf("%d to %d", l.from, l.to) }

// apart says that each in-basket has its own database.
func (l layout) apart() bool { return l.from == l.to }

// suffix tells parts of one kind apart; the first has none.
func suffix(i int) string {
	if i == 0 {
		return ""
	}
	return fmt.Sprint(i + 1)
}

// mappings writes the mapping files of a layout.
func (b *bench) mappings(l layout) error {
	t, err := template.New("mapping").Parse(mappingYAML)
	if err != nil {
		return err
	}
	for i := range l.from {
		var targets []string
		for j := range l.to {
			if !l.apart() || i == j {
				targets = append(targets, suffix(j))
			}
		}
		var text strings.Builder
		if err := t.Execute(&text, map[string]any{"XML": b.inXML, "Targets": targets}); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(b.dir, "mapping"+suffix(i)+".yaml"), []byte(text.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// config writes the configuration of a layout; extra are further keys of its folders, each with a comma after it.
func (b *bench) config(l layout, extra string) (string, error) {
	if err := b.mappings(l); err != nil {
		return "", err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "agency: Benchmark\nstate: %s\nmonitor: %s\ninbaskets:\n", filepath.Join(b.dir, "state"), monitor)
	for i := range l.from {
		fmt.Fprintf(&text, "  forms%s: {folder: {path: %s, match: \"*.json|*.xml\", %safter: {move: done}}}\n", suffix(i), b.folder(i), extra)
	}
	text.WriteString("targets:\n")
	for j := range l.to {
		fmt.Fprintf(&text, "  register%s: {postgres: {dsn: %q, password: \"${env:BENCH_PASSWORD}\"}}\n", suffix(j), b.databases[j].dsn)
	}
	text.WriteString("routes:\n")
	for i := range l.from {
		fmt.Fprintf(&text, "  benchmark%s: {from: forms%s, mapping: mapping%s.yaml}\n", suffix(i), suffix(i), suffix(i))
	}
	path := filepath.Join(b.dir, "inbasket.yaml")
	return path, os.WriteFile(path, []byte(text.String()), 0o600)
}

func (b *bench) folder(i int) string { return filepath.Join(b.dir, "forms"+suffix(i)) }

// fill gives each in-basket its share of n forms, empties the databases and waits until the forms have waited: they are
// taken when they stood still for two seconds, and the time of their last change cannot be set back.
func (b *bench) fill(ctx context.Context, l layout, n int) error {
	for i := range l.from {
		if err := os.RemoveAll(b.folder(i)); err != nil {
			return err
		}
		if err := write(b.folder(i), b.seed, n*i/l.from, n*(i+1)/l.from, b.inXML); err != nil {
			return err
		}
	}
	for _, d := range b.databases[:l.to] {
		if err := d.reset(ctx); err != nil {
			return err
		}
	}
	if err := exec.Command("sync").Run(); err != nil {
		return err
	}
	time.Sleep(2500 * time.Millisecond)
	return nil
}

// part is which of n forms database j gets.
func (l layout) part(j, n int) (first, last int) {
	if l.apart() {
		return n * j / l.from, n * (j + 1) / l.from
	}
	return 0, n
}

// layouts compares the rates of several in-baskets and databases with that of one each.
func (b *bench) layouts(ctx context.Context) error {
	fmt.Println()
	rates := map[layout][]figures{}
	order := []layout{{1, 1}, {1, 2}, {1, 4}, {2, 1}, {4, 4}}
	for range (b.rounds + 1) / 2 {
		for _, l := range order {
			f, err := b.race(ctx, 'a', l, b.n)
			if err != nil {
				return err
			}
			rates[l] = append(rates[l], f)
		}
	}
	one := medians(rates[order[0]]).perSecond(b.n)
	var asXML []figures
	for range (b.rounds + 1) / 2 {
		b.inXML = true
		f, err := b.race(ctx, 'a', order[0], b.n)
		b.inXML = false
		if err != nil {
			return err
		}
		asXML = append(asXML, f)
	}
	ratio := medians(asXML).perSecond(b.n) / one
	fmt.Printf("forms in XML:      %6.0f forms/s, %.2f of JSON; %.2f CPU s/10,000\n", medians(asXML).perSecond(b.n), ratio, medians(asXML).cpu10k(b.n))
	b.judge(ratio >= goalXML, "forms in XML run at %.2f of those in JSON, at least %.2f", ratio, goalXML)
	for _, l := range order {
		m := medians(rates[l])
		ratio := m.perSecond(b.n) / one
		fmt.Printf("%v databases: %6.0f forms/s, %.2f of 1 to 1; %.2f CPU s/10,000, peak %.1f MiB\n", l, m.perSecond(b.n), ratio, m.cpu10k(b.n), mib(m.RSS))
		if goal, ok := goalLayouts[l]; ok {
			b.judge(ratio >= goal, "%v databases run at %.2f of 1 to 1, at least %.2f", l, ratio, goal)
		}
		if l.to == 4 {
			b.judge(mib(m.RSS) <= goalPeakFour, "peak of %v %.1f MiB, at most %d", l, mib(m.RSS), goalPeakFour)
		}
	}
	return nil
}
