package installer

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// The steps that every service manager of Linux has in common.

var validAccount = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$`)

// validate refuses an instance that cannot be installed.
func (h *host) validate(i Instance) error {
	refuse := func(hint, format string, args ...any) error {
		return connectors.Errorf(connectors.ItemError, CodeInstall, "install the service "+i.Service(), hint, format, args...)
	}
	if err := CheckName(i.Name); err != nil {
		return err
	}
	if !validAccount.MatchString(i.account()) {
		return refuse("give the name of a user of this machine", "%q cannot be an account", i.account())
	}
	for _, p := range append([]string{i.Program, i.Config, i.State}, append(i.Writable, i.Readable...)...) {
		if !filepath.IsAbs(p) || strings.ContainsAny(p, "\n\r\x00") {
			return refuse("name it by its full path", "%q is not an absolute path", p)
		}
	}
	if strings.Contains(i.Program, "$") {
		return refuse("move the program to a place such as /usr/local/bin", "the program's path %s holds a dollar sign", i.Program)
	}
	for _, p := range append([]string{i.State}, i.Writable...) {
		if p == "/" {
			return refuse("name a folder of its own in the configuration", "the configuration has the agent write into /")
		}
	}
	if !isProgram(h.path(i.Program)) {
		return refuse("copy the program to a place such as /usr/local/bin and name it by --program", "%s is not a program", i.Program)
	}
	return nil
}

// surroundings makes account and folders, and has the account look at the configuration.
func (h *host) surroundings(ctx context.Context, t *transaction, i Instance) error {
	if err := h.makeAccount(ctx, t, i); err != nil {
		return err
	}
	if err := h.makeFolder(ctx, t, i.State, 0o710, i.account()); err != nil {
		return err
	}
	if err := h.makeFolder(ctx, t, CredentialFolder(i.Config), 0o700, ""); err != nil {
		return err
	}
	if err := h.grant(ctx, t, i); err != nil {
		return err
	}
	return h.probe(ctx, t, i)
}

// makeAccount adds the system account when there is none.
func (h *host) makeAccount(ctx context.Context, t *transaction, i Instance) error {
	name := i.account()
	_, ok, err := h.account(ctx, name)
	if err != nil || ok {
		return err
	}
	home := filepath.Join(stateParent, i.Service())
	group := []string{"--user-group"}
	if _, err := h.run(ctx, "getent", "group", name); err == nil {
		group = []string{"--gid", name}
	}
	shell := "/bin/false"
	for _, p := range []string{"/sbin/nologin", "/usr/sbin/nologin"} {
		if h.exists(p) {
			shell = p
		}
	}
	add := func() error {
		_, err := h.run(ctx, "useradd", append(group, "--system", "--home-dir", home, "--no-create-home", "--shell", shell, "--comment", "Inbasket", "--", name)...)
		return err
	}
	remove := func(ctx context.Context) error {
		_, err := h.run(ctx, "userdel", name)
		return err
	}
	if err := t.do("add the system account "+name, add, remove); err != nil {
		return err
	}
	t.keepFor(CodeAsAccount, "the account "+name+" stays, so that it can be given rights")
	return nil
}

// makeFolder makes a folder with the missing ones above it. The last one belongs to owner, nil for root.
func (h *host) makeFolder(ctx context.Context, t *transaction, path string, mode fs.FileMode, owner string) error {
	if h.exists(path) {
		if owner == "" {
			return nil
		}
		return h.giveEmpty(ctx, t, path, owner) // left by an installation that was killed
	}
	var made []string // the outermost first
	for p := path; !h.exists(p); p = filepath.Dir(p) {
		made = append([]string{p}, made...)
	}
	remove := func(context.Context) error {
		for n := len(made) - 1; n >= 0; n-- {
			// One that is not empty any more holds something that is not ours.
			if err := os.Remove(h.path(made[n])); err != nil && !errors.Is(err, fs.ErrNotExist) && h.isEmpty(made[n]) {
				return err
			}
		}
		return nil
	}
	add := func() error {
		for _, p := range made {
			m := fs.FileMode(0o755)
			if p == path {
				m = mode
			}
			if err := errors.Join(os.Mkdir(h.path(p), m), os.Chmod(h.path(p), m)); err != nil {
				return errors.Join(err, remove(ctx))
			}
		}
		if owner == "" {
			return nil
		}
		a, err := h.must(ctx, owner)
		if err == nil {
			err = h.chown(h.path(path), a.uid, a.gid)
		}
		if err != nil {
			return errors.Join(err, remove(ctx))
		}
		return nil
	}
	return t.do("make the folder "+path, add, remove)
}

func (h *host) isEmpty(path string) bool {
	entries, err := os.ReadDir(h.path(path))
	return err == nil && len(entries) == 0
}

// putFile writes a file when its text or mode is another, or removes it when text is empty.
func (h *host) putFile(t *transaction, path, text string, mode fs.FileMode) (changed bool, err error) {
	old, err := h.read(path)
	if err != nil {
		return false, stepError("read "+path, err)
	}
	info, statErr := os.Stat(h.path(path))
	existed := statErr == nil
	if text != "" {
		t.files = append(t.files, File{path, text})
	}
	if old == text && (!existed && text == "" || existed && info.Mode().Perm() == mode) {
		return false, nil
	}
	back := func(context.Context) error {
		if existed {
			return h.write(path, old, info.Mode().Perm())
		}
		if err := os.Remove(h.path(path)); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	what := "write " + path
	put := func() error { return h.write(path, text, mode) }
	switch {
	case text == "":
		what = "remove " + path
		put = func() error { return os.Remove(h.path(path)) }
	case existed && old != "":
		what = "mend " + path
	}
	return true, t.do(what, put, back)
}

// probe has the program look at the configuration as the service's own account, with its credentials.
func (h *host) probe(ctx context.Context, t *transaction, i Instance) error {
	what := "check " + i.Config + " as " + i.account()
	if t.dry {
		t.done = append(t.done, what)
		return nil
	}
	a, err := h.must(ctx, i.account())
	if err != nil {
		return stepError(what, err)
	}
	dir, err := h.lendCredentials(i, a)
	if err != nil {
		return stepError(what, err)
	}
	defer os.RemoveAll(dir)
	said, err := h.runAs(ctx, a, append(slices.Clone(i.environment), "CREDENTIALS_DIRECTORY="+dir), i.Program, "service", "probe", "--config", i.Config)
	var f *failure
	if errors.As(err, &f) {
		return connectors.Errorf(connectors.ItemError, CodeAsAccount, "use "+i.Config+" as "+a.name,
			"mend it and repeat the command", "the account %s cannot run with this configuration:\n%s", a.name, f.said)
	}
	if err != nil {
		return stepError(what, err)
	}
	if said != "" { // warnings
		t.done = append(t.done, said)
	}
	return nil
}

// lendCredentials copies the credentials to where only the account can read them, as systemd will.
func (h *host) lendCredentials(i Instance, a account) (string, error) {
	parent := h.path("/run")
	dir, err := os.MkdirTemp(parent, "inbasket-check-*")
	if err != nil {
		return "", err
	}
	fail := func(err error) (string, error) { return "", errors.Join(err, os.RemoveAll(dir)) }
	for name, file := range i.Credentials {
		if name != filepath.Base(name) {
			continue // the check says so
		}
		secret, err := os.ReadFile(h.path(file))
		if errors.Is(err, fs.ErrNotExist) {
			return fail(connectors.Errorf(connectors.ItemError, CodeCredential, "read the credential "+name,
				"put the secret into the file "+file+", owned by root with mode 0600", "%s is not there, and %s names it", file, i.Config))
		}
		if err != nil {
			return fail(err)
		}
		copied := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(copied, secret, 0o400), h.chown(copied, a.uid, a.gid)); err != nil {
			return fail(err)
		}
	}
	if err := h.chown(dir, a.uid, a.gid); err != nil {
		return fail(err)
	}
	return dir, nil
}
