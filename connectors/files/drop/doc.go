// Package drop puts files into folders, here or behind FTP.
//
// Every file is first put under a temporary name in the folder it belongs to, made durable and
// then renamed, never over another file; a control file follows the same way. The temporary name is the delivery's
// alone: as long as it is there, whatever lies under the final name is not ours, which is an error of that item;
// temporary and final name both gone after staging means that the legacy system has taken the file.
package drop
