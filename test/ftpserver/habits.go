package ftpserver

import (
	"fmt"
	"io/fs"
	"strings"
)

// Habits are the legal ways in which servers differ. The zero value speaks like vsftpd.
type Habits struct {
	Greeting string            // what is said first
	Answers  map[string]string // by verb: what is said where the command is done, instead of the usual
	Refusals map[string]string // by verb: what is said instead of doing it
	Features []string          // further lines of FEAT
	Home     string            // the folder as PWD tells it, and CWD takes it
	Listing  string            // format of LIST: unix, dos, vms, mvs, as400, spaced (owners with blanks)
	Begin    string            // what begins a transfer; 150 if empty
	End      string            // what ends a transfer; 226 if empty
	Empty    string            // what is said to LIST and NLST of an empty folder, without a transfer
	Hides    bool              // LIST, with or without -a, and NLST leave names out that begin with a dot
	Upper    bool              // names have no lower case
	RNFRAny  bool              // RNFR takes every name
}

// say sends an answer as it stands.
func (c *session) say(answer string) {
	if _, err := fmt.Fprintf(c.conn, "%s\r\n", answer); err != nil {
		c.finished = true
	}
}

// listLine is one line of a listing.
func (h Habits) listLine(fi fs.FileInfo) string {
	at, name := fi.ModTime().UTC(), fi.Name()
	switch h.Listing {
	case "dos":
		size := fmt.Sprintf("%20d", fi.Size())
		if fi.IsDir() {
			size = "      <DIR>         "
		}
		return at.Format("01-02-06  03:04PM") + " " + size + " " + name
	case "vms":
		return fmt.Sprintf("%s;1  %d/4  %s  [USER,GROUP]  (RWED,RWED,RE,)", name, fi.Size()/512+1, strings.ToUpper(at.Format("_2-Jan-2006 15:04:05")))
	case "mvs":
		return fmt.Sprintf("WRKVOL 3390   %s  1    1  VB      84  27998  PS  %s", at.Format("2006/01/02"), name)
	case "as400":
		return fmt.Sprintf("BATCH %12d %s *STMF      %s", fi.Size(), at.Format("01/02/06 15:04:05"), name)
	}
	kind, owner := "-rw-r--r--", "ftp ftp"
	if fi.IsDir() {
		kind = "drwxr-xr-x"
	}
	if fi.Mode()&fs.ModeSymlink != 0 {
		kind, name = "lrwxrwxrwx", name+" -> elsewhere"
	}
	if h.Listing == "spaced" {
		owner = "ftp      Domain Users"
	}
	return fmt.Sprintf("%s 1 %s %d %s %s", kind, owner, fi.Size(), at.Format("Jan _2 15:04"), name)
}

// factLine is one line of MLSD.
func factLine(fi fs.FileInfo) string {
	kind := "file"
	if fi.IsDir() {
		kind = "dir"
	}
	if fi.Mode()&fs.ModeSymlink != 0 {
		kind = "OS.unix=slink:elsewhere"
	}
	return fmt.Sprintf("Type=%s;Size=%d;Modify=%s; %s", kind, fi.Size(), fi.ModTime().UTC().Format("20060102150405"), fi.Name())
}
