package files

import "github.com/inbasket/inbasket/connectors"

// Definitions returns the connectors of this package.
func Definitions() []connectors.Definition {
	return []connectors.Definition{
		connectors.DefineInbasket("folder", "forms that lie in a folder", FolderDefaults,
			func(e connectors.Env, c FolderConfig) (connectors.Inbasket, error) { return NewInbasket(e, c) }),
		connectors.DefineTarget("folder", "files dropped into a folder", DropDefaults,
			func(e connectors.Env, c DropConfig) (connectors.Target, error) { return NewDrop(e, c) }),
		connectors.DefineTarget("ftp", "files sent by FTP, encrypted or not", FTPDefaults,
			func(e connectors.Env, c FTPConfig) (connectors.Target, error) { return NewFTP(e, c) }),
		connectors.DefineResults("folder", "answer files that lie in a folder, with documents beside them", AnswersDefaults,
			func(e connectors.Env, c FolderConfig) (connectors.ResultSource, error) { return NewAnswers(e, c) }),
	}
}
