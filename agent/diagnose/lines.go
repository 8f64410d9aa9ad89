package diagnose

import (
	"bytes"
	_ "embed" // the messages that the program knows by heart
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// logLines is how many lines of the log are taken at most.
const logLines = 2000

//go:embed messages.txt
var messages string

// logOf reads the end of a log again and keeps of each line what is allowed.
func logOf(s Source, a *aliases) object {
	if len(s.Log) == 0 {
		return nil
	}
	known := strings.Split(strings.TrimSpace(messages), "\n")
	var lines []object
	others := 0
	ids := map[string]bool{} // those of the history: what looks like an ID may be anything
	for _, h := range s.History {
		ids[h.ID.String()] = true
	}
	for line := range bytes.Lines(s.Log) {
		var l struct {
			Time       time.Time `json:"time"`
			Level      string    `json:"level"`
			Code       string    `json:"code"`
			Message    string    `json:"message"`
			Target     string    `json:"target"`
			Inbasket   string    `json:"in-basket"`
			Submission string    `json:"submission"`
		}
		if json.Unmarshal(line, &l) != nil || l.Level == "" {
			others++
			continue
		}
		one := object{"time": l.Time, "level": level(l.Level)}
		if l.Code != "" {
			one["code"] = code(l.Code)
		}
		if l.Target != "" {
			one["target"] = a.any(l.Target)
		}
		if l.Inbasket != "" {
			one["in-basket"] = a.any(l.Inbasket)
		}
		if ids[l.Submission] {
			one["submission"] = l.Submission
		}
		// What follows the first colon of a message may be anybody's text, unless it is known as a whole.
		if start, _, _ := strings.Cut(l.Message, ": "); slices.Contains(known, l.Message) {
			one["message"] = l.Message
		} else if slices.Contains(known, start) {
			one["message"] = start
		}
		lines = append(lines, one)
	}
	if extra := len(lines) - logLines; extra > 0 {
		lines = lines[extra:]
	}
	return object{"lines": lines, "notRead": others}
}

func level(s string) string {
	switch s {
	case "trace", "debug", "info", "warn", "error", "fatal", "panic":
		return s
	}
	return "other"
}

var (
	sample = regexp.MustCompile(`^([a-z][a-z0-9_]*)(?:\{(.*)\})? ([0-9.e+INnaf-]+)$`)
	label  = regexp.MustCompile(`([a-z_]+)="((?:[^"\\]|\\.)*)"`)
)

// metricsOf copies the samples of the agent and its run-time; names in labels become aliases.
func metricsOf(text string, a *aliases) []byte {
	var out bytes.Buffer
	for line := range strings.Lines(text) {
		m := sample.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil || !ours(m[1]) {
			continue
		}
		out.WriteString(m[1])
		if pairs := label.FindAllStringSubmatch(m[2], -1); len(pairs) > 0 {
			var kept []string
			for _, p := range pairs {
				value, err := strconv.Unquote(`"` + p[2] + `"`)
				if err != nil {
					value = ""
				}
				kept = append(kept, p[1]+`="`+labelValue(p[1], value, a)+`"`)
			}
			out.WriteString("{" + strings.Join(kept, ",") + "}")
		}
		out.WriteString(" " + m[3] + "\n")
	}
	return out.Bytes()
}

func ours(metric string) bool {
	return strings.HasPrefix(metric, "inbasket_") || strings.HasPrefix(metric, "go_") || strings.HasPrefix(metric, "process_")
}

// labelValue copies the values of labels that are words of the program, and gives names their alias.
func labelValue(key, value string, a *aliases) string {
	switch key {
	case "code":
		return code(value)
	case "state", "verdict", "class", "whose", "version", "operation", "status", "quantile", "kind", "file":
		return plain(value)
	case "target":
		return a.of(target, value)
	case "inbasket":
		return a.of(inbasket, value)
	case "office":
		return a.of(office, value)
	case "route":
		return a.of(route, value)
	case "source":
		return a.any(value)
	case "of", "folder":
		section, name, ok := strings.Cut(value, "/")
		if ok {
			return plain(section) + "/" + a.any(name)
		}
		return a.any(value)
	}
	return "other"
}

var (
	goroutine = regexp.MustCompile(`^goroutine \d+ \[[a-zA-Z ,0-9()]*\]:$`)
	position  = regexp.MustCompile(`([A-Za-z0-9_]+\.(?:go|s)):(\d+)(?: \+0x[0-9a-f]+)?$`)
	function  = regexp.MustCompile(`^[A-Za-z0-9_./*()\[\]{}·,@-]+$`)
)

// goroutinesOf keeps of each stack the names of functions and the lines of source: arguments and folders go.
func goroutinesOf(dump string) []byte {
	var out bytes.Buffer
	for line := range strings.Lines(dump) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case line == "":
			out.WriteByte('\n')
		case goroutine.MatchString(line):
			out.WriteString(line + "\n")
		case strings.HasPrefix(line, "\t"):
			if m := position.FindStringSubmatch(line); m != nil {
				out.WriteString("\t" + m[1] + ":" + m[2] + "\n")
			}
		default:
			name, made := strings.CutPrefix(line, "created by ")
			name, _, _ = strings.Cut(name, " in goroutine ")
			if i := strings.LastIndexByte(name, '('); i > 0 && !made {
				name = name[:i]
			}
			if function.MatchString(name) {
				out.WriteString(map[bool]string{true: "created by "}[made] + name + "\n")
			}
		}
	}
	return out.Bytes()
}
