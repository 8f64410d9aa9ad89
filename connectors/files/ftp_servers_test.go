package files

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/ftpserver"
)

// ftpHabits is how servers answer, each legal in its way. A host without lower case or leading dots needs a temp of its
// own.
var ftpHabits = []struct {
	name   string
	temp   string // empty: the default
	habits ftpserver.Habits
}{
	{"z/OS, data sets", "{name}.{key}", ftpserver.Habits{
		Greeting: "220-FTPD1 IBM FTP CS V2R5 at HOST1\r\n220 Connection will close if idle for more than 5 minutes.",
		Home:     "'BATCH.IN.'", Listing: "mvs", Upper: true, Begin: "125 Storing data set", End: "250 Transfer completed successfully.", Empty: "550 No data sets found.",
		Answers:  map[string]string{"DELE": "250 deleted", "RNTO": "250 renamed"},
		Refusals: map[string]string{"SIZE": "550 SIZE is not supported for data sets", "EPSV": "522 not supported", "FEAT": "500 unknown command FEAT"}}},
	{"z/OS, RNFR takes every name", "{name}.{key}", ftpserver.Habits{
		Home: "'BATCH.IN.'", Listing: "mvs", Upper: true, RNFRAny: true, Begin: "125 Storing data set", End: "250 done",
		Refusals: map[string]string{"SIZE": "501 command SIZE fails", "EPSV": "500 no", "FEAT": "500 no"}}},
	{"IIS", "", ftpserver.Habits{Listing: "dos", Begin: "125 Data connection already open; Transfer starting.", End: "226 Transfer complete.",
		Answers:  map[string]string{"OPTS": "200 OPTS UTF8 command successful", "CWD": "250 CWD command successful"},
		Refusals: map[string]string{"EPSV": "501 Server cannot accept argument."}}},
	{"IIS, sizes from the listing", "", ftpserver.Habits{Listing: "dos", Begin: "125 open", Refusals: map[string]string{"SIZE": "500 'SIZE': command not understood"}}},
	{"ProFTPD", "", ftpserver.Habits{Hides: true, Features: []string{"MLST modify*;size*;type*;", "TVFS"},
		Answers: map[string]string{"OPTS": "200 UTF8 set to on"}}},
	{"ProFTPD without SIZE and MLST", "", ftpserver.Habits{Hides: true, Refusals: map[string]string{"SIZE": "550 SIZE not allowed in ASCII mode"}}},
	{"pure-ftpd", "", ftpserver.Habits{Greeting: "220---------- Welcome to Pure-FTPd ----------\r\n220-You are user number 1 of 50 allowed.\r\n220 You will be disconnected after 15 minutes of inactivity.",
		Features: []string{"MLST type*;size*;sizd*;modify*;", "MLSD", "PRET"}, End: "226-File successfully transferred\r\n226 0.001 seconds",
		Refusals: map[string]string{"SIZE": "504 not for you"}, Answers: map[string]string{"OPTS": "504 Unknown command", "PRET": "200 ok"}}},
	{"FileZilla", "", ftpserver.Habits{Features: []string{"MLST type*;size*;modify*;", "MLSD"},
		Answers: map[string]string{"OPTS": "202 UTF8 mode is always enabled. No need to send this command.", "PASV": "227"}}},
	{"VMS", "{name}_{key}", ftpserver.Habits{Home: "DISK$USER:[BATCH.IN]", Listing: "vms", Upper: true, Begin: "150 Opening data connection", End: "226 Transfer complete.",
		Refusals: map[string]string{"SIZE": "500 Unrecognized command", "EPSV": "500 no", "FEAT": "502 no"}}},
	{"IBM i", "", ftpserver.Habits{Listing: "as400", Refusals: map[string]string{"SIZE": "501 no", "EPSV": "501 no"}, End: "250 File transfer completed successfully."}},
	{"owners with blanks", "", ftpserver.Habits{Listing: "spaced", Refusals: map[string]string{"SIZE": "502 no"}}},
	{"deletes and renames with 226", "", ftpserver.Habits{Answers: map[string]string{"DELE": "226 done", "RNTO": "200 done", "CWD": "200 done", "TYPE": "226 binary", "RNFR": "300 go on"}, End: "250 done"}},
	{"terse", "", ftpserver.Habits{Greeting: "120 in a minute\r\n220", End: "226", Begin: "150", Answers: map[string]string{"CWD": "250", "DELE": "250", "RNTO": "250", "RNFR": "350", "TYPE": "200"}}},
	{"no PWD, FEAT, EPSV, OPTS, SIZE, NOOP", "", ftpserver.Habits{Refusals: map[string]string{"PWD": "502 no", "FEAT": "502 no", "EPSV": "502 no", "OPTS": "502 no", "SIZE": "202 superfluous", "NOOP": "500 no"}}},
	{"OPTS UTF8 refused for now", "", ftpserver.Habits{Answers: map[string]string{"OPTS": "451 local error"}}},
	{"no password", "", ftpserver.Habits{Answers: map[string]string{"USER": "232 logged in"}, Refusals: map[string]string{"PASS": "503 logged in already"}}},
	{"no listing at all", "", ftpserver.Habits{Refusals: map[string]string{"LIST": "502 no", "NLST": "502 no", "SIZE": "550 no"}}},
	{"nothing to list is a refusal", "", ftpserver.Habits{Empty: "450 No files found", Hides: true, Refusals: map[string]string{"SIZE": "500 no"}}},
}

// TestFTPServersDeliverOnce takes every kind of server through the ways in which a delivery may go.
func TestFTPServersDeliverOnce(t *testing.T) {
	for _, tt := range ftpHabits {
		t.Run(tt.name, func(t *testing.T) {
			open := func() (*Drop, *ftpserver.Server, string) {
				d, s := ftpTargetWith(t, tt.habits, func(c *FTPConfig) {
					if tt.temp != "" {
						c.Temp = tt.temp
					}
				})
				return d, s, filepath.Join(s.Root(), "IN")
			}
			t.Run("usual", func(t *testing.T) {
				d, _, dir := open()
				ftpUsual(t, d, dir)
				if _, refused := tt.habits.Refusals["LIST"]; !refused {
					ftpEvidence(t, d, dir)
				}
			})
			t.Run("name taken", func(t *testing.T) {
				d, _, dir := open()
				ftpNameTaken(t, d, dir)
			})
			for _, faults := range []ftpserver.Faults{{LoseRename: 1}, {CutBeforeRename: 1}} {
				d, s, dir := open()
				s.SetFaults(faults)
				ftpUnclear(t, d, dir)
			}
		})
	}
}

// permit is one delivery with one file, whose name every host takes.
func permit(key, content string) connectors.Group {
	return connectors.Group{Items: []connectors.Delivery{{Key: key, Files: []connectors.File{file("P1.DAT", content)}}}}
}

func ftpUsual(t *testing.T, d *Drop, dir string) {
	t.Helper()
	g := permit("1/t", "Ada\r\n")
	must(t, d.Stage(t.Context(), g))
	g.Staged = true
	expect(t, "delivered", deliver(t, d, g), "written")
	expect(t, "in place", tree(t, dir), "P1.DAT")
	expect(t, "again", deliver(t, d, g), "written")
	expect(t, "looked up", lookup(t, d, g), "present")
	must(t, d.place.Remove(t.Context(), "P1.DAT"))
	must(t, d.place.Remove(t.Context(), "P1.DAT"))
	expect(t, "looked up once it was fetched", lookup(t, d, g), "present")
	expect(t, "delivered once it was fetched", deliver(t, d, g), "written")
	expect(t, "not put there again", tree(t, dir), "")
	must(t, d.Check(t.Context()))
}

func ftpEvidence(t *testing.T, d *Drop, dir string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(dir, "P2.DAT"), nil, 0o600))
	expect(t, "evidence", evidence(t, d), "P2.DAT")
}

func ftpNameTaken(t *testing.T, d *Drop, dir string) {
	t.Helper()
	for _, theirs := range []string{"Bob\r\n", "Ada\r\n"} { // of equal length, and of equal bytes: nobody's but theirs
		must(t, os.WriteFile(filepath.Join(dir, "P1.DAT"), []byte(theirs), 0o600))
		g := permit("2/t", "Ada\r\n")
		must(t, d.Stage(t.Context(), g))
		g.Staged = true
		expect(t, "taken", deliver(t, d, g), "item:files.name-taken")
		expect(t, "looked up", lookup(t, d, g), "absent")
		b, err := os.ReadFile(filepath.Join(dir, "P1.DAT"))
		must(t, err)
		expect(t, "theirs", string(b), theirs)
	}
}

// ftpUnclear delivers while the answer to the renaming is lost, as the agent does: look up, then deliver what is absent.
func ftpUnclear(t *testing.T, d *Drop, dir string) {
	t.Helper()
	g := permit("3/t", "Ada\r\n")
	must(t, d.Stage(t.Context(), g))
	g.Staged = true
	expect(t, "unclear", deliver(t, d, g), "uncertain:files.unclear")
	if lookup(t, d, g) == "absent" {
		expect(t, "delivered", deliver(t, d, g), "written")
	}
	expect(t, "looked up", lookup(t, d, g), "present")
	expect(t, "in place once", tree(t, dir), "P1.DAT")
}
