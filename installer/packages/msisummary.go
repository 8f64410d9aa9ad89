package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// What the summary of a package has, as OLE property sets number it.
const (
	propertyCode    = 9  // the package's own identifier
	propertyCreated = 12 // a time
	propertySaved   = 13 // a time

	typeText = 30
	typeTime = 64
)

// summaryFormat begins the summary within the package.
var summaryFormat = []byte{0xe0, 0x85, 0x9f, 0xf2, 0xf9, 0x4f, 0x68, 0x10, 0xab, 0x91, 0x08, 0x00, 0x2b, 0x27, 0xb3, 0xd9}

var errSummary = errors.New("the package's summary is not as wixl writes it")

// settle puts an identifier and a time into the summary in place of those that wixl took from chance and clock.
func settle(msi []byte, code string, at time.Time) error {
	i := bytes.Index(msi, summaryFormat)
	if i < 28 || bytes.Contains(msi[i+1:], summaryFormat) || len(msi) < i+20 {
		return errSummary
	}
	start := i - 28 // the set's own beginning, which its offset counts from
	section := start + int(binary.LittleEndian.Uint32(msi[i+16:]))
	if section+8 > len(msi) {
		return errSummary
	}
	done := 0
	for n := range int(binary.LittleEndian.Uint32(msi[section+4:])) {
		entry := section + 8 + 8*n
		if entry+8 > len(msi) {
			return errSummary
		}
		value := section + int(binary.LittleEndian.Uint32(msi[entry+4:]))
		switch binary.LittleEndian.Uint32(msi[entry:]) {
		case propertyCode:
			text := "{" + code + "}"
			if value+8+len(text) > len(msi) || binary.LittleEndian.Uint32(msi[value:]) != typeText ||
				int(binary.LittleEndian.Uint32(msi[value+4:])) != len(text)+1 || msi[value+8] != '{' {
				return fmt.Errorf("%w: identifier", errSummary)
			}
			copy(msi[value+8:], text)
			done++
		case propertyCreated, propertySaved:
			if value+12 > len(msi) || binary.LittleEndian.Uint32(msi[value:]) != typeTime {
				return fmt.Errorf("%w: time", errSummary)
			}
			binary.LittleEndian.PutUint64(msi[value+4:], filetime(at))
			done++
		}
	}
	if done != 3 {
		return errSummary
	}
	return nil
}

// filetime returns tenths of microseconds since 1601.
func filetime(t time.Time) uint64 { return uint64(t.Unix()+11644473600) * 10_000_000 }
