package installer

import (
	"slices"
	"testing"
)

// TestGrants reads lists of rights as Windows and icacls write them.
func TestGrants(t *testing.T) {
	me := serviceSID("inbasket")
	tests := []struct {
		name, sddl string
		mine       uint32
		others     []string
	}{
		{"as install writes it", "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;" + me + ")", 0x1301bf, nil},
		{"by full identifiers", "O:BAG:SYD:PAI(A;OICI;FA;;;S-1-5-18)(A;OICI;FA;;;S-1-5-32-544)(A;OICI;0x1200a9;;;" + me + ")", 0x1200a9, nil},
		{"ProgramData as it is", "D:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIIOID;GA;;;CO)(A;OICIID;0x1200a9;;;BU)(A;CIID;DCLCRPCR;;;BU)", 0, []string{"BU"}},
		{"everybody", "D:(A;;FA;;;WD)", 0, []string{"WD"}},
		{"denied is not granted", "D:(D;;FA;;;" + me + ")", 0, nil},
		{"words", "D:(A;;FRFX;;;" + me + ")", 0x1200a9, nil},
		{"for what is inside only", "D:(A;OICIIO;FA;;;" + me + ")", 0, nil},
		{"nothing", "", 0, nil},
	}
	for _, tt := range tests {
		mine, others := grants(tt.sddl, "inbasket")
		if mine != tt.mine || !slices.Equal(others, tt.others) {
			t.Errorf("%s: %#x %q, want %#x %q", tt.name, mine, others, tt.mine, tt.others)
		}
	}
}

// TestClosed wants nobody in but the service, SYSTEM and Administrators, and other instances that had rights.
func TestClosed(t *testing.T) {
	two := serviceSID("inbasket-two")
	before := "D:AI(A;OICI;FA;;;WD)(A;OICI;0x1200a9;;;" + two + ")(D;;FA;;;" + serviceSID("x") + ")"
	got := closedSDDL(before, "inbasket", 0x1301bf)
	want := "D:P(A;OICI;FA;;;S-1-5-18)(A;OICI;FA;;;S-1-5-32-544)(A;OICI;0x1301bf;;;" + serviceSID("inbasket") + ")(A;OICI;0x1200a9;;;" + two + ")"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if mine, others := grants(got, "inbasket"); mine != 0x1301bf || others != nil {
		t.Errorf("it reads back as %#x %q", mine, others)
	}
	if again := closedSDDL(got, "inbasket", 0x1301bf); again != got {
		t.Errorf("a second time it is %s", again)
	}
}

// TestServiceSID compares with identifiers of Windows' own services, which never change.
func TestServiceSID(t *testing.T) {
	for name, want := range map[string]string{
		"TrustedInstaller": "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
		"trustedinstaller": "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
		"MSSQLSERVER":      "S-1-5-80-3880718306-3832830129-1677859214-2598158968-1052248003",
	} {
		if got := serviceSID(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
