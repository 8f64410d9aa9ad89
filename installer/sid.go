package installer

import (
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
)

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
