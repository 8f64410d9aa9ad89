package dialect

import "github.com/inbasket/inbasket/connectors"

// takes are the words of facts for families whose values are known.
var takes = map[Family]string{FamText: "text", FamInteger: "integer", FamDecimal: "decimal", FamBoolean: "boolean", FamDate: "date", FamDateTime: "datetime",
	FamInstant: "instant", FamBinary: "binary", FamEnum: "word", FamUUID: "uuid"}

// IntegerFacts are the bounds of whole numbers of so many bits.
func IntegerFacts(f *connectors.ColumnFacts, bits int) {
	least, most := "-", map[int]string{8: "128", 16: "32768", 24: "8388608", 32: "2147483648", 64: "9223372036854775808"}[bits]
	least += most
	most = map[int]string{8: "127", 16: "32767", 24: "8388607", 32: "2147483647", 64: "9223372036854775807"}[bits]
	if f.Unsigned {
		least, most = "0", map[int]string{8: "255", 16: "65535", 24: "16777215", 32: "4294967295", 64: "18446744073709551615"}[bits]
	}
	f.Least, f.Most, f.Scale = least, most, 0
}

// TakesOf is what a column takes by its family.
func TakesOf(c *Column, f *connectors.ColumnFacts) { f.Takes = takes[c.Fam] }
