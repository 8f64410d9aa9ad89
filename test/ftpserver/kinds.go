package ftpserver

// Kind is one kind of server. A host without lower case or leading dots needs a temp of its own.
type Kind struct {
	Name   string
	Temp   string // empty: the default
	Habits Habits
}

// Kinds are how servers answer, each legal in its way.
func Kinds() []Kind {
	return []Kind{
		{"z/OS, data sets", "{name}.{key}", Habits{
			Greeting: "220-FTPD1 IBM FTP CS V2R5 at HOST1\r\n220 Connection will close if idle for more than 5 minutes.",
			Home:     "'BATCH.IN.'", Listing: "mvs", Upper: true, Begin: "125 Storing data set", End: "250 Transfer completed successfully.", Empty: "550 No data sets found.",
			Answers:  map[string]string{"DELE": "250 deleted", "RNTO": "250 renamed"},
			Refusals: map[string]string{"SIZE": "550 SIZE is not supported for data sets", "EPSV": "522 not supported", "FEAT": "500 unknown command FEAT"}}},
		{"z/OS, RNFR takes every name", "{name}.{key}", Habits{
			Home: "'BATCH.IN.'", Listing: "mvs", Upper: true, RNFRAny: true, Begin: "125 Storing data set", End: "250 done",
			Refusals: map[string]string{"SIZE": "501 command SIZE fails", "EPSV": "500 no", "FEAT": "500 no"}}},
		{"IIS", "", Habits{Listing: "dos", Begin: "125 Data connection already open; Transfer starting.", End: "226 Transfer complete.",
			Answers:  map[string]string{"OPTS": "200 OPTS UTF8 command successful", "CWD": "250 CWD command successful"},
			Refusals: map[string]string{"EPSV": "501 Server cannot accept argument."}}},
		{"IIS, sizes from the listing", "", Habits{Listing: "dos", Begin: "125 open", Refusals: map[string]string{"SIZE": "500 'SIZE': command not understood"}}},
		{"ProFTPD", "", Habits{Hides: true, Features: []string{"MLST modify*;size*;type*;", "TVFS"},
			Answers: map[string]string{"OPTS": "200 UTF8 set to on"}}},
		{"ProFTPD without SIZE and MLST", "", Habits{Hides: true, Refusals: map[string]string{"SIZE": "550 SIZE not allowed in ASCII mode"}}},
		{"pure-ftpd", "", Habits{Greeting: "220---------- Welcome to Pure-FTPd ----------\r\n220-You are user number 1 of 50 allowed.\r\n220 You will be disconnected after 15 minutes of inactivity.",
			Features: []string{"MLST type*;size*;sizd*;modify*;", "MLSD", "PRET"}, End: "226-File successfully transferred\r\n226 0.001 seconds",
			Refusals: map[string]string{"SIZE": "504 not for you"}, Answers: map[string]string{"OPTS": "504 Unknown command", "PRET": "200 ok"}}},
		{"FileZilla", "", Habits{Features: []string{"MLST type*;size*;modify*;", "MLSD"},
			Answers: map[string]string{"OPTS": "202 UTF8 mode is always enabled. No need to send this command.", "PASV": "227"}}},
		{"VMS", "{name}_{key}", Habits{Home: "DISK$USER:[BATCH.IN]", Listing: "vms", Upper: true, Begin: "150 Opening data connection", End: "226 Transfer complete.",
			Refusals: map[string]string{"SIZE": "500 Unrecognized command", "EPSV": "500 no", "FEAT": "502 no"}}},
		{"IBM i", "", Habits{Listing: "as400", Refusals: map[string]string{"SIZE": "501 no", "EPSV": "501 no"}, End: "250 File transfer completed successfully."}},
		{"owners with blanks", "", Habits{Listing: "spaced", Refusals: map[string]string{"SIZE": "502 no"}}},
		{"deletes and renames with 226", "", Habits{Answers: map[string]string{"DELE": "226 done", "RNTO": "200 done", "CWD": "200 done", "TYPE": "226 binary", "RNFR": "300 go on"}, End: "250 done"}},
		{"terse", "", Habits{Greeting: "120 in a minute\r\n220", End: "226", Begin: "150", Answers: map[string]string{"CWD": "250", "DELE": "250", "RNTO": "250", "RNFR": "350", "TYPE": "200"}}},
		{"no PWD, FEAT, EPSV, OPTS, SIZE, NOOP", "", Habits{Refusals: map[string]string{"PWD": "502 no", "FEAT": "502 no", "EPSV": "502 no", "OPTS": "502 no", "SIZE": "202 superfluous", "NOOP": "500 no"}}},
		{"OPTS UTF8 refused for now", "", Habits{Answers: map[string]string{"OPTS": "451 local error"}}},
		{"no password", "", Habits{Answers: map[string]string{"USER": "232 logged in"}, Refusals: map[string]string{"PASS": "503 logged in already"}}},
		{"no listing at all", "", Habits{Refusals: map[string]string{"LIST": "502 no", "NLST": "502 no", "SIZE": "550 no"}}},
		{"nothing to list is a refusal", "", Habits{Empty: "450 No files found", Hides: true, Refusals: map[string]string{"SIZE": "500 no"}}},
	}
}
