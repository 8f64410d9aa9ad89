package installer

// Codes of errors of the installer.
const (
	CodeName         = "service.name"          // not a name for an instance; use letters, digits, dash and underscore
	CodeManager      = "service.manager"       // neither systemd nor the service manager of Windows runs here; have what supervises programs here run: inbasket run
	CodeRights       = "service.rights"        // services are changed by root or an administrator only; use sudo, or an elevated prompt
	CodeNotInstalled = "service.not-installed" // there is no such service; install it, or name the instance by --name
	CodeInstall      = "service.install"       // a step of the installation failed and all steps were undone; see the message
	CodeStart        = "service.start"         // the service does not start or does not stay; see the reason and the log
	CodeStop         = "service.stop"          // the service does not stop; see what the manager says
	CodeUninstall    = "service.uninstall"     // the service cannot be removed; see the message and repeat
	CodeForeign      = "service.foreign"       // a service of this name is not ours or belongs to a package; choose another --name
	CodeProgram      = "service.program"       // the program lies where others could change or remove it; copy it to /usr/local/bin
	CodeCredential   = "config.credential"     // a file with a secret that systemd shall hand over is not there; write it, owned by root, mode 0600
	CodeAsAccount    = "config.as-account"     // the service's own account cannot use the configuration; mend what is listed, most often rights
	CodeAtStart      = "config.at-start"       // the service ended at once because its configuration is wrong; mend what is listed and start it again
)
