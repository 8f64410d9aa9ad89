package installer

import (
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// rightsWords are the words for rights that Windows writes in place of numbers.
var rightsWords = map[string]uint32{
	"FA": 0x1f01ff, "FR": 0x120089, "FW": 0x120116, "FX": 0x1200a0,
	"GA": 0x1f01ff, "GR": 0x120089, "GW": 0x120116, "GX": 0x1200a0,
	"RC": 0x20000, "SD": 0x10000, "WD": 0x40000, "WO": 0x80000,
}

// anyService begins the identifiers of services. Another instance whose configuration lies in the same
// folder keeps its rights there.
const anyService = "S-1-5-80-"

// closedSDDL is a closed folder's list of rights, with inheritance cut; before is the list as it was.
func closedSDDL(before, service string, rights uint32) string {
	var b strings.Builder
	fmt.Fprintf(&b, "D:P(A;OICI;FA;;;%s)(A;OICI;FA;;;%s)(A;OICI;0x%x;;;%s)", sidSystem, sidAdministrators, rights, serviceSID(service))
	for _, e := range entries(before) {
		if e.kind == "A" && strings.HasPrefix(e.who, anyService) && e.who != serviceSID(service) {
			fmt.Fprintf(&b, "(A;OICI;%s;;;%s)", e.rights, e.who)
		}
	}
	return b.String()
}

// entry is one of a list of rights.
type entry struct{ kind, flags, rights, who string }

// entries reads a list of rights in Windows' own notation (SDDL): (type;flags;rights;object;inherited object;who)…
func entries(sddl string) []entry {
	var out []entry
	_, list, _ := strings.Cut(sddl, "D:")
	for _, part := range strings.Split(list, "(")[1:] {
		text, _, _ := strings.Cut(part, ")")
		if f := strings.Split(text, ";"); len(f) >= 6 {
			out = append(out, entry{f[0], f[1], f[2], f[5]})
		}
	}
	return out
}

// grants reads a list of rights in Windows' own notation (SDDL). It returns what the service is granted, and
// who is granted anything besides services, SYSTEM, Administrators and the creator of a file.
func grants(sddl, service string) (mine uint32, others []string) {
	known := []string{"SY", sidSystem, "BA", sidAdministrators, "CO", "S-1-3-0"}
	sid := serviceSID(service)
	for _, e := range entries(sddl) {
		switch {
		case e.kind != "A" || strings.HasPrefix(e.who, anyService) && e.who != sid:
		case e.who == sid:
			if !strings.Contains(e.flags, "IO") { // for what is inside only
				mine |= mask(e.rights)
			}
		case !slices.Contains(known, e.who) && !slices.Contains(others, e.who):
			others = append(others, e.who)
		}
	}
	return mine, others
}

// mask reads rights: a number, or words of two letters.
func mask(s string) uint32 {
	if n, err := strconv.ParseUint(s, 0, 32); err == nil {
		return uint32(n)
	}
	var m uint32
	for ; len(s) >= 2; s = s[2:] {
		m |= rightsWords[s[:2]]
	}
	return m
}

// Security identifiers that are the same on every Windows, whatever the language calls the accounts.
const (
	sidSystem         = "S-1-5-18"
	sidAdministrators = "S-1-5-32-544"
)

// serviceSID returns the security identifier that Windows gives a service, which is that of its virtual
// account too: five little-endian numbers, the SHA-1 of the name in capital letters as UTF-16. So rights can
// be given before the service exists, and without asking for a name.
func serviceSID(service string) string {
	var name []byte
	for _, u := range utf16.Encode([]rune(strings.ToUpper(service))) {
		name = binary.LittleEndian.AppendUint16(name, u)
	}
	sum := sha1.Sum(name) // what Windows takes; it is a name, not a protection
	var b strings.Builder
	b.WriteString("S-1-5-80")
	for i := 0; i < len(sum); i += 4 {
		fmt.Fprintf(&b, "-%d", binary.LittleEndian.Uint32(sum[i:]))
	}
	return b.String()
}
