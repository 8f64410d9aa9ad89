// Package codes is the table of all codes that users see: of errors, of findings, of what is parked and why. A code is a constant where
// it is used, and the comment beside it says what happened and, behind a semicolon, what to do; the table is made from those.
package codes

import (
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

//go:generate go test -count=1 -run TestTable -update .

// Code is one line of the table.
type Code struct {
	Code     string `json:"code"`
	Happened string `json:"happened"`
	Cure     string `json:"cure"`
	Event    uint32 `json:"event"` // the ID of its entries in the event log of Windows
}

//go:embed table.txt
var table string

// All returns all codes by name.
var All = sync.OnceValue(func() []Code {
	var all []Code
	for line := range strings.Lines(table) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		all = append(all, Code{f[0], f[1], f[2], Event(f[0])})
	}
	return all
})

// Look returns the line of a code.
func Look(code string) (Code, bool) {
	n, ok := slices.BinarySearchFunc(All(), code, func(c Code, code string) int { return strings.Compare(c.Code, code) })
	if !ok {
		return Code{}, false
	}
	return All()[n], true
}

// Cure returns what to do about a code; otherwise when it is not in the table, as those that mappings and configurations give.
func Cure(code, otherwise string) string {
	if c, ok := Look(code); ok {
		return c.Cure
	}
	return otherwise
}

// Area is the part of a code before the dot.
func Area(code string) string {
	area, _, _ := strings.Cut(code, ".")
	return area
}

// EventOther is the ID of a warning or an error without an area of its own.
const EventOther = 299

// Events are the IDs of warnings and errors in the event log of Windows, by the area of their code. They are stable: monitoring looks
// for them, so a number is never given another meaning. The message file that every Windows has, EventCreate.exe, knows 1 to 1000.
var Events = map[string]uint32{
	"agent": 200, "batch": 205, "config": 210, "content": 215, "control": 220, "cursor": 225, "decode": 230,
	"document": 235, "encode": 240, "field": 245, "file": 250, "files": 255, "form": 260, "front-office": 265,
	"ftp": 270, "http": 275, "journal": 280, "mapping": 285, "new": 290, "result": 300, "route": 305, "secret": 310,
	"service": 315, "sql": 320, "submission": 325, "submit": 330, "target": 335, "webhook": 340, "yaml": 345,
	"audit": 350, "backup": 355, "restore": 360, "hold": 365, "retention": 370, "purge": 375, "doctor": 380,
	"diagnostics": 385, "upgrade": 390, "certificate": 395, "disk": 400, "watchdog": 405, "clock": 410, "monitor": 415,
	"usage": 420, "layout": 425, "payload": 430, "metrics": 435, "connector": 440, "smtp": 445,
}

// Event returns the ID of an entry about a code.
func Event(code string) uint32 {
	if id, ok := Events[Area(code)]; ok {
		return id
	}
	return EventOther
}

// Reference writes docs/errors.md.
func Reference(w io.Writer) {
	fmt.Fprint(w, "# Error codes\n\n<!-- Made by \"go generate ./agent/codes\"; do not edit. -->\n\n"+
		"Codes are stable. `inbasket show ID` and `inbasket status` print them, the log and the front office carry them; `inbasket explain CODE`\n"+
		"prints what stands here. In the [event log of Windows](install-windows.md) their entries have the ID of their area.\n")
	area := ""
	for _, c := range All() {
		if a := Area(c.Code); a != area {
			area = a
			fmt.Fprintf(w, "\n## %s\n\nEvent ID %d.\n\n| code | what happened | what to do |\n|---|---|---|\n", area, c.Event)
		}
		fmt.Fprintf(w, "| `%s` | %s | %s |\n", c.Code, cell(c.Happened), cell(c.Cure))
	}
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
