package doctor

// Codes of what doctor finds beside the codes of configuration, targets and journal themselves.
const (
	CodeLate  = "doctor.timeout" // a check did not end in time, as on a share or server that hangs; look at what it names, then ask doctor again
	CodeBroke = "doctor.broke"   // a check itself broke; send diagnostics to the maintainers

	CodeRoot         = "doctor.root"          // the agent runs as root or SYSTEM, which it does not need; give it an account of its own by inbasket service install
	CodeOtherAccount = "doctor.other-account" // another account than the agent's was looked with, so that rights may differ; ask by inbasket doctor --as-service

	CodeFolderMissing = "doctor.folder-missing" // a folder of the configuration is not there; make it, or mount its share
	CodeFolderClosed  = "doctor.folder-closed"  // this account may not do in a folder what the agent must; grant it, and under systemd name the folder in ReadWritePaths
	CodeFolderApart   = "doctor.folder-apart"   // files cannot be renamed between two folders since they lie on different file systems or mounts; put both on one
	CodeFolderShare   = "doctor.folder-share"   // a folder lies on a network share, whose events do not arrive and whose locks may not hold; it is polled, keep quiet at some seconds

	CodeDiskLow      = "doctor.disk-low"       // little space or few inodes are left; make space before it ends
	CodeDiskFull     = "doctor.disk-full"      // no space is left to speak of; make space, the agent goes on by itself
	CodeDiskReadOnly = "doctor.disk-read-only" // the file system is mounted read-only; look for disk errors, then mount it writable
	CodeDiskNetwork  = "doctor.disk-network"   // the state folder lies on a network file system, where the journal is not safe; move it to a local disk
	CodeDiskSlow     = "doctor.disk-slow"      // the disk takes long to make data durable, and each acceptance waits for it; look at the disk, its controller and its cache
	CodeDiskUnknown  = "doctor.disk-unknown"   // the disk cannot be looked at by this account; ask as the agent's account or root

	CodeClockWrong = "doctor.clock-wrong"            // the clock cannot be right; set it, then restart the agent
	CodeClockFree  = "doctor.clock-not-synchronised" // nothing keeps the clock right; turn on time synchronisation (timedatectl set-ntp true, w32tm)
	CodeClockShare = "doctor.clock-share"            // the clock of a share and this machine's differ; synchronise both with one source

	CodeCertExpired    = "doctor.certificate-expired"    // a certificate has expired or will within days; renew it now
	CodeCertExpires    = "doctor.certificate-expires"    // a certificate expires within weeks; renew it
	CodeCertUnreadable = "doctor.certificate-unreadable" // a certificate or key cannot be read or is none; correct the path or the rights
	CodeCertKey        = "doctor.certificate-key"        // certificate and private key do not belong together; put the pair back together
	CodeCertChain      = "doctor.certificate-chain"      // no authority that is trusted here signed the certificate, or an intermediate one is missing; add it to the file, or name the authority
	CodeCertName       = "doctor.certificate-name"       // the certificate is for another name; get one for the name that is used, or use its name
	CodePeer           = "doctor.certificate-peer"       // the server's certificate could not be looked at; see the target's own line

	CodeDatabaseMissing = "doctor.database-missing" // the file of a database is not there, and is never made by the agent; correct its path, or mount its disk
	CodeSecretUnread    = "doctor.secret"           // a target or front office was not connected to, since this account cannot read its secret; look by inbasket doctor --as-service
	CodeTargetPaused    = "doctor.target-paused"    // an operator has paused a target; inbasket resume TARGET lets it go on
	CodeTargetParked    = "doctor.parked"           // submissions wait for a person; inbasket list --state parked shows them
	CodeTargetMisfit    = "doctor.target-misfit"    // a target can be reached, and mappings do not fit what it holds; the lines above say where
	CodeTargetOld       = "doctor.target-backlog"   // a delivery waits for more than an hour; look at the target by inbasket status
	CodeTargetWeak      = "doctor.target-guarantee" // a target cannot promise that each effect happens once; docs/guarantees.md says what it takes
	CodeTargetTrouble   = "doctor.target-trouble"   // the running agent has trouble with a target, a source or a front office; the line says which and since when

	CodeOfficeMute    = "doctor.front-office-mute"    // a front office has neither a token nor a webhook and is never told anything; give it one by inbasket token new
	CodeOfficeBacklog = "doctor.front-office-backlog" // events wait to be pushed to a front office; it can still poll, look at its webhook

	CodeWaiting     = "doctor.in-basket-waiting" // a form has waited in an in-basket for long though the agent runs; look at quiet, marker and match of the in-basket, and at the file's rights
	CodeErrorFolder = "doctor.in-basket-errors"  // files lie in an error folder, each with the reason beside it; send them back or remove them

	CodeJournalMissing = "doctor.journal-missing" // there is no journal yet; the first start of the agent makes it
	CodeJournalClosed  = "doctor.journal-closed"  // this account may not read the journal; ask as the agent's account, as root, or by --as-service
	CodeJournalDamaged = "doctor.journal-damaged" // the journal's file is damaged; stop the agent, keep a copy of the state folder, restore the last backup
	CodeJournalWAL     = "doctor.journal-log"     // the journal's write-ahead log has grown long, as when a backup or viewer holds it; end what reads it
	CodeJournalFuture  = "doctor.journal-future"  // the journal has entries from the future: the clock went back; set it right
	CodeJournalMute    = "doctor.journal-mute"    // a process holds the journal but does not answer orders; wait for it, or stop it
	CodeBackupNone     = "doctor.backup-none"     // no backup was ever made; make one every night by inbasket backup
	CodeBackupOld      = "doctor.backup-old"      // the last backup is old; make one every night by inbasket backup
	CodeHeld           = "doctor.held"            // the journal was restored from a backup and is held; read inbasket restored, then release it
	CodeOldState       = "doctor.old-state"       // a state folder that a restore replaced still lies there, with what citizens wrote; remove it once all is well
	CodeAudit          = "doctor.audit"           // the audit log cannot be read or its chain is broken; run inbasket audit verify

	CodeServiceNone    = "doctor.service-missing"  // the agent is no service of this machine; inbasket service install makes it one
	CodeServiceOff     = "doctor.service-disabled" // the service does not start with the machine; enable it
	CodeServiceStopped = "doctor.service-stopped"  // the service is installed and does not run; inbasket service start, and look at its log
	CodeServiceDrift   = "doctor.service-drift"    // the service's definition lacks what the configuration needs; inbasket service install mends it
	CodeServiceOther   = "doctor.service-other"    // the service of this name runs with another configuration than the one looked at; name that one by --config
	CodeServiceUnknown = "doctor.service-unknown"  // the service manager cannot be asked by this account or here; ask as root or administrator

	CodeUpgradeJournal = "doctor.upgrade-journal" // this version cannot use the journal, since a newer one wrote it; install that version or a newer one
	CodeUpgradePlan    = "doctor.upgrade-mapping" // a mapping that open submissions are pinned to does not load in this version; let them finish on the installed version first
	CodeUpgradeSpace   = "doctor.upgrade-space"   // there is not enough space to bring the journal to this version; make space first
	CodeUpgradeConfig  = "doctor.upgrade-config"  // this version refuses the configuration; correct it as the lines say, before installing

	CodeLimitFiles = "doctor.limit-files" // the process may open few files; raise LimitNOFILE or ulimit -n
	CodeMemory     = "doctor.memory"      // little memory is free; large forms may fail
	CodeZones      = "doctor.zones"       // the system has no time zone data; install tzdata
)
