// Package files joins the places where files lie with what is done there: forms and answer files are taken out of folders
// (intake), and files are put into folders (drop).
package files

import (
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/drop"
	"github.com/inbasket/inbasket/connectors/files/intake"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
)

// Definitions returns the connectors of this package: each place as in-basket, target and pick-up of answers.
func Definitions() []connectors.Definition {
	return []connectors.Definition{
		connectors.DefineInbasket("folder", "forms that lie in a folder", rules.FolderDefaults,
			func(e connectors.Env, c rules.FolderConfig) (connectors.Inbasket, error) {
				return intake.NewFolder(e, c)
			}),
		connectors.DefineInbasket("ftp", "forms that lie in a folder behind FTP, encrypted or not", rules.FTPDefaults,
			func(e connectors.Env, c rules.FTPConfig) (connectors.Inbasket, error) { return intake.NewFTP(e, c) }),
		connectors.DefineTarget("folder", "files dropped into a folder", drop.FolderDefaults,
			func(e connectors.Env, c drop.FolderConfig) (connectors.Target, error) { return drop.NewFolder(e, c) }),
		connectors.DefineTarget("ftp", "files sent by FTP, encrypted or not", drop.FTPDefaults,
			func(e connectors.Env, c drop.FTPConfig) (connectors.Target, error) { return drop.NewFTP(e, c) }),
		connectors.DefineResults("folder", "answer files that lie in a folder, with documents beside them", rules.FolderAnswersDefaults,
			func(e connectors.Env, c rules.FolderConfig) (connectors.ResultSource, error) {
				return intake.NewFolderAnswers(e, c)
			}),
		connectors.DefineResults("ftp", "answer files that lie in a folder behind FTP, with documents beside them", rules.FTPAnswersDefaults,
			func(e connectors.Env, c rules.FTPConfig) (connectors.ResultSource, error) {
				return intake.NewFTPAnswers(e, c)
			}),
	}
}
