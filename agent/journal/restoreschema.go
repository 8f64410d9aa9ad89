package journal

// restoreSchema is version 2: what a journal that was restored from a backup has to remember.
var restoreSchema = []string{}
