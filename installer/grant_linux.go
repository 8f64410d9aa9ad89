package installer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ownConfigs is the folder below which configurations are ours to give to the account's group.
const ownConfigs = "/etc/inbasket"

// grant lets the account read configuration and mappings that lie in the usual place and belong to root and
// root's group, as "inbasket new agent" makes them. Only the group is changed: what root alone may read stays so.
func (h *host) grant(ctx context.Context, t *transaction, i Instance) error {
	dir := filepath.Dir(i.Config)
	if !inside(dir, ownConfigs) || i.account() == "root" {
		return nil
	}
	var closed []string
	err := filepath.WalkDir(h.path(dir), func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if p == h.path(CredentialFolder(i.Config)) || inside(p, h.path(i.State)) {
			return fs.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		uid, gid := h.owner(p, info)
		if mode := info.Mode(); uid == 0 && gid == 0 && mode&fs.ModeSymlink == 0 && mode&0o040 != 0 && mode&0o004 == 0 {
			closed = append(closed, p)
		}
		return nil
	})
	if err != nil {
		return stepError("look at "+dir, err)
	}
	if len(closed) == 0 {
		return h.give(ctx, t, i)
	}
	back := func(context.Context) error {
		var errs []error
		for _, p := range closed {
			errs = append(errs, h.chown(p, 0, 0))
		}
		return errors.Join(errs...)
	}
	open := func() error {
		a, err := h.must(ctx, i.account())
		for _, p := range closed {
			if err == nil {
				err = h.chown(p, 0, a.gid)
			}
		}
		if err != nil {
			return errors.Join(err, back(ctx))
		}
		return nil
	}
	if err := t.do(fmt.Sprintf("let the group of %s read what root's group may read below %s", i.account(), dir), open, back); err != nil {
		return err
	}
	return h.give(ctx, t, i)
}

// give hands folders that the agent works in to the account, when they lie beside the configuration, as "inbasket
// new agent" makes them.
func (h *host) give(ctx context.Context, t *transaction, i Instance) error {
	for _, dir := range i.Writable {
		if !inside(dir, filepath.Dir(i.Config)) {
			continue
		}
		if err := h.giveEmpty(ctx, t, dir, i.account()); err != nil {
			return err
		}
	}
	return nil
}

// giveEmpty hands a folder to an account when it belongs to root and is empty: nobody has used it yet.
func (h *host) giveEmpty(ctx context.Context, t *transaction, dir, account string) error {
	info, err := os.Lstat(h.path(dir))
	if err != nil || !info.IsDir() || !h.isEmpty(dir) {
		return nil
	}
	uid, gid := h.owner(h.path(dir), info)
	if uid != 0 || account == "root" {
		return nil
	}
	give := func() error {
		a, err := h.must(ctx, account)
		if err == nil {
			err = h.chown(h.path(dir), a.uid, a.gid)
		}
		return err
	}
	back := func(context.Context) error { return h.chown(h.path(dir), uid, gid) }
	return t.do("give the empty folder "+dir+" to "+account, give, back)
}

// must is account for one that is there by now.
func (h *host) must(ctx context.Context, name string) (account, error) {
	a, ok, err := h.account(ctx, name)
	if err == nil && !ok {
		err = fmt.Errorf("there is no account %s", name)
	}
	return a, err
}
