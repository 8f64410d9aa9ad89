// Package intake takes forms and answer files out of folders, here or behind FTP. What it promises about files as they
// really are:
//
// In-basket and results. A file is a form when its name matches and when it has stood still: size and
// times unchanged between two looks that are quiet apart on the agent's own clock. A file that was last
// touched longer ago than quiet needs no second look, but only where a probe showed that the folder's
// clock and the agent's agree. With a marker configured, the marker alone decides.
//
//	hidden (.x), half-written (.tmp .part .filepart .crdownload .swp, x~), ignored: left lying, not looked at
//	directories: left lying; the done and error folders usually are among them
//	symbolic links, pipes, sockets, devices: never followed or opened, left lying, counted in a notice
//	over the size limit, listed attachments that never came: moved to the error folder with a text
//	empty files: given a minute to fill, then moved to the error folder
//	names that are not UTF-8 or hold control or direction characters: moved to the error folder, escaped
//	names that merely look dangerous (-rf, $(x), quotes, blanks): taken as they are; no shell ever sees them
//	names that a Windows system could not keep: taken as they are where the system has them
//	changed or replaced between reading and settling: left lying, and offered again as what it is now
//	open for writing, where the system tells: left lying until it is closed
//	written to after it was moved: put back and taken again
//	gone between listing and opening: nothing happened
//
// Matching ignores ASCII case. Forms come in the order of their time within one portion of the listing
// (1,024 entries); a longer backlog comes in portions of the folder's own order, so that the first form
// is there at once and memory does not grow with the folder.
package intake
