package dialect

// Codes of outcomes and errors. They are stable; docs/errors.md is made from this list.
const (
	CodeDuplicate    = "sql.duplicate-key"   // a row with this unique key is there already; compare both and release or reject
	CodeConstraint   = "sql.constraint"      // a rule of the table refuses the row (foreign key, check, partition, policy, trigger); mend the form or the mapping
	CodeNotNull      = "sql.not-null"        // a required column got nothing; mend the mapping or the form
	CodeTooLong      = "sql.too-long"        // a text is longer than its column; cut it in the mapping or widen the column
	CodeWrongType    = "sql.wrong-type"      // a value does not fit its column's type or range; convert it in the mapping
	CodeNotExact     = "sql.not-exact"       // the column would change this value (round, cut, pad or convert it); change it in the mapping (round:, precision:, trim()), or widen the column
	CodeUnknownType  = "sql.unknown-type"    // the agent does not know what this column's type makes of a value; write to a column of another type, or say precision: database in the mapping's field
	CodeClockChange  = "sql.clock-change"    // clocks show this local time twice, or skip it, on a day that they are changed; say in the mapping which moment is meant (parseDateTime with "earlier" or "later", localTime)
	CodeCharset      = "sql.charset"         // the column's character set cannot hold a character; say charset and unmappable in the mapping, by which it is transliterated or replaced
	CodeNoRow        = "sql.no-row"          // the row to update is not there; check the key
	CodeRows         = "sql.rows-differ"     // more or fewer rows stand in the table than it was sent: a trigger, rule or policy leaves rows out, takes them away again or puts them elsewhere; mend it, or say rows: unchecked in the mapping's write
	CodeOtherKey     = "sql.other-key"       // the row with this key has another key by bytes (case, accents or blanks); give the column a binary collation, or change the value in the mapping
	CodeChanged      = "sql.table-changed"   // a table is being changed right now; the agent tries again
	CodeReference    = "sql.reference"       // a value of an earlier write is not there: the write was skipped or returned nothing, or a trigger changed what it wrote; mend the mapping or the trigger, or say precision: database at a column that the trigger is to change
	CodeTooLarge     = "sql.too-large"       // a document is larger than the 64 MiB a column may get or give, than children that are replaced may have together (128 MiB), or than the server takes; write it beside as a file, or see the server's own limit
	CodeContent      = "sql.content"         // an attachment's content is gone from the agent's content store, or damaged; take the folder content below state out of a backup, then inbasket retry
	CodeEarlier      = "sql.earlier-failed"  // an earlier delivery with the same order did not go; this one waits for it
	CodeLogin        = "sql.login"           // user, password or client certificate refused; mend the target's configuration
	CodeGrant        = "sql.grant"           // the user lacks a right; ask the DBA to grant it (inbasket ledger ddl prints those for the ledger)
	CodeNoTable      = "sql.no-table"        // the table or procedure is not there or not visible; check name, schema and grants
	CodeNoColumn     = "sql.no-column"       // the table lacks a column that the mapping writes; check the name or the table's version
	CodeGenerated    = "sql.generated"       // the database computes this column and takes no value for it; leave it out of the mapping
	CodeRedirects    = "sql.redirected"      // a trigger, rule, policy or view may swallow, redirect or change rows; look at what it does, and say rows: unchecked at a write whose rows it redirects
	CodeNoKey        = "sql.no-unique-key"   // upsert needs a unique key on exactly the key columns; ask the DBA for one
	CodeSameRow      = "sql.same-row"        // two records of one form name the same row by their key and say different things of it, so that the last would take the place of the others; let the key name what tells them apart, or say rows: unchecked in the mapping's write if the last is meant
	CodeNullKey      = "sql.null-key"        // a key with a NULL names no row: an upsert would insert one each time, children would never be replaced; give each column of the key a value in the mapping, or require it of the form
	CodeNoLedger     = "sql.no-ledger"       // the ledger table is missing or has no unique key on DELIVERY; have the DBA run what inbasket ledger ddl prints
	CodeNoDigest     = "sql.ledger-digest"   // the ledger is of an earlier version: forms that came after a backup could not be known again; have the DBA add the column DIGEST, as inbasket ledger ddl prints it
	CodeNotPlanned   = "sql.not-planned"     // a plan would leave something behind that nothing takes back, so it was not begun; plan on a copy of the database, or look by inbasket try
	CodeFull         = "sql.full"            // the database has no space left; free or add some
	CodeReadOnly     = "sql.read-only"       // the database is read-only, such as a standby; point the target at the writable one
	CodeCertificate  = "sql.certificate"     // the server's certificate is not trusted; set tls.ca or renew it
	CodeUnreachable  = "sql.unreachable"     // no connection; the agent tries again
	CodeBusy         = "sql.busy"            // too many connections, a lock or a deadlock; the agent tries again
	CodeTimeout      = "sql.timeout"         // a statement took longer than statement-timeout and was taken back; the agent tries again
	CodeLost         = "sql.connection-lost" // the connection broke; whether the commit went through is looked up
	CodeUnclear      = "sql.unclear"         // the system gave an answer that tells nothing about the rows; it is looked up
	CodeRefused      = "sql.refused"         // the system refuses the statement; its own words are with the submission that the message names
	CodeAllRefused   = "sql.all-refused"     // every delivery of a group is refused alike: the table or the mapping is wrong, not the forms; the message names one of them
	CodePooler       = "sql.pooler"          // a connection pooler takes away what writing stands on (transactions, or a setting); docs/connectors/poolers.md says what to set
	CodeSession      = "sql.session"         // a setting of the session would make values or rows wrong; change it where the message says
	CodeReplaced     = "sql.replaced"        // the database file was replaced and a journal of the former one lies beside it: move that away; or its write-ahead log was replaced while it was open: start the agent anew
	CodeNoCharset    = "sql.no-charset"      // the database has no character set (SQL_ASCII); say by charset what its bytes are
	CodeTLSFile      = "sql.tls-file"        // a file of tls cannot be read now; mend it, or mount the disk that it lies on
	CodeConfig       = "sql.config"          // the target's configuration is wrong
	CodeUnsupported  = "sql.unsupported"     // this kind of write cannot be done on this system
	CodeNoTx         = "sql.no-transactions" // the table's engine has no transactions: writes cannot be taken back
	CodeMark         = "sql.mark"            // the statement that marks results failed, hides rows that were not read, or leaves those that were; they come again
	CodeTwice        = "sql.result-twice"    // the query for results gives several rows of one ID that differ; let it give one row for each decision, or name in answer.id what tells them apart
	CodeQuery        = "sql.query"           // the query for results failed, lacks a column, gives rows without an ID, or nothing but rows that wait; the message says which, and what to do
	CodeCall         = "sql.call-refused"    // a procedure returned what the mapping's ok-when does not take for success; what it returned is with the submission: inbasket show ID --raw
	CodeEnds         = "sql.call-commits"    // a procedure ends the transaction that it is called in (COMMIT, ROLLBACK, DDL), or may: name a probe in the mapping's write, a query that tells whether the call has been made, or have the procedure leave that to its caller
	CodeOverloaded   = "sql.overloaded"      // several procedures or functions have this name, and which is meant cannot be told; have the DBA make one of another name that calls it
	CodePanic        = "sql.driver-panic"    // the driver broke down; the connection was thrown away and the outcome is looked up
	CodeLookupLocked = "sql.lookup-locked"   // the look-up waits for a transaction that is still open at the server; it is tried again
)

// ShownBy says where a database's own words are that no submission has.
const ShownBy = "inbasket check --connect shows the database's own words"

// TakesNone says what to do about a column that the database makes.
const TakesNone = "leave the column out of the mapping, and name it under returning if its value is needed"

// Hints say what to do next about refusals that the agent itself finds.
var Hints = map[string]string{
	CodeNotExact:    "the column cannot hold this value as it is: widen it, or let the mapping's field say what may go: precision:, or type: decimal(p,s) with round:",
	CodeUnknownType: "the agent does not know what the column's type makes of a value; precision: database of the mapping's field leaves it to the database",
	CodeOtherKey:    "the database takes two keys for one that differ in case, accents or blanks: give the column a binary collation, or change the value in the mapping",
	CodeNullKey:     "NULL names no row: give each column of the key a value in the mapping (default:, onNull:), or require it in the form's schema",
	CodeSameRow:     "let the key name what tells them apart, write them by replace-children, or say rows: unchecked in the mapping's write if the last of them is meant",
	CodeRows:        "a trigger, rule or policy of the table leaves rows out, takes them away again or puts them elsewhere; if that is meant, the mapping's write says rows: unchecked",
}
