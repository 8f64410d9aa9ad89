package ftp

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors/files/place"
)

// entry is one line of a listing.
type entry struct {
	name string
	size int64     // place.Unknown where the server does not tell it in bytes
	at   time.Time // zero where it is not told with its year and zone
	dir  bool      // a folder, or a link
	link bool      // a link, or another special file
}

// Lines of listings as servers write them. Owners and groups may hold blanks: the columns are found from the time.
var (
	unixLine = regexp.MustCompile(`^([-dlbcps])\S*\s.*?(\d+)\s+(?:[A-Z][a-zé]{2}\.?\s+\d{1,2}|\d{1,2}\.?\s+[A-Z][a-z]{2}\.?|\d{4}-\d\d-\d\d)\s+(?:\d{4}|\d{1,2}:\d\d(?::\d\d)?)\s(.+)$`)
	dosLine  = regexp.MustCompile(`^\d\d?[-/.]\d\d?[-/.]\d{2,4}\s+\d\d?:\d\d\s*(?:[AaPp][Mm])?\s+(<\w+>|[\d.,]+)\s+(.+)$`)
	vmsLine  = regexp.MustCompile(`^([^\s;]+);\d+(?:\s|$)`)                                                          // sizes count blocks
	mvsLine  = regexp.MustCompile(`^(?:\S+\s+){2}(?:\d{4}/\d\d/\d\d|\*\*NONE\*\*)\s+.*\s(?:PS|PO|PO-E|VS)\s+(\S+)$`) // a data set; its size is not told
	as4Line  = regexp.MustCompile(`^\S+\s+(\d+)\s+\d\d/\d\d/\d\d\s+\d\d:\d\d:\d\d\s+\*(\w+)\s+(\S.*)$`)
)

// parseLine reads one line of a listing; ok is false for what is no entry, or none that is understood.
func parseLine(line string) (e entry, ok bool) {
	e.size = place.Unknown
	if m := unixLine.FindStringSubmatch(line); m != nil {
		e.name, e.dir, e.size = m[3], m[1] != "-", number(m[2])
		e.link = m[1] != "-" && m[1] != "d"
		if m[1] == "l" {
			e.name, _, _ = strings.Cut(e.name, " -> ")
		}
		return e, true
	}
	if m := dosLine.FindStringSubmatch(line); m != nil {
		e.name, e.dir, e.size = m[2], m[1][0] == '<', number(m[1])
		return e, true
	}
	if m := as4Line.FindStringSubmatch(line); m != nil {
		e.name, e.dir, e.size = m[3], strings.HasSuffix(m[2], "DIR"), number(m[1])
		return e, true
	}
	if m := vmsLine.FindStringSubmatch(line); m != nil {
		e.name = m[1]
		e.dir = strings.HasSuffix(strings.ToUpper(e.name), ".DIR")
		return e, true
	}
	if m := mvsLine.FindStringSubmatch(line); m != nil {
		e.name = strings.Trim(m[1], "'")
		return e, true
	}
	return e, false
}

// number reads a size; one that is grouped by points or commas is not told exactly enough.
func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return place.Unknown
	}
	return n
}

// parseFacts reads a line of MLSD or MLST: facts, a blank, the name.
func parseFacts(line string) (e entry, ok bool) {
	facts, name, ok := strings.Cut(strings.TrimLeft(line, " "), " ")
	if !ok || name == "" || !strings.Contains(facts, "=") {
		return e, false
	}
	e = entry{name: name, size: place.Unknown}
	for fact := range strings.SplitSeq(facts, ";") {
		key, value, _ := strings.Cut(fact, "=")
		switch strings.ToLower(key) {
		case "type":
			e.dir = !strings.EqualFold(value, "file")
			e.link = len(value) > 3 && strings.EqualFold(value[:3], "OS.")
		case "size":
			e.size = number(value)
		case "modify":
			if len(value) >= 14 {
				e.at, _ = time.Parse("20060102150405", value[:14])
			}
		}
	}
	return e, true
}

// named tells whether what a server lists is the file of that name: some servers know no lower case, and VMS
// appends a version.
func named(listed, name string) bool {
	if base := listed[strings.LastIndexAny(listed, `/\]`)+1:]; base != "" {
		listed = base
	}
	if cut, version, ok := strings.Cut(listed, ";"); ok && strings.Trim(version, "0123456789") == "" {
		listed = cut
	}
	if whole := strings.Trim(listed, "'"); whole != listed { // a data set with all its qualifiers
		listed = whole[max(0, len(whole)-len(name)):]
	}
	return strings.EqualFold(listed, name)
}
