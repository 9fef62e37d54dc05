package origin

import (
	"fmt"
	"slices"
	"strings"
)

// maxComplainedName bounds how much of an unknown file name is sent back, in bytes.
const maxComplainedName = 250

// checkFiles checks a file field's list, in PocketBase's order: unknown names, their count, then each upload by size
// and type. The names of uploads are our own and need no check.
func (d *draft) checkFiles(f *Field) *Complaint {
	names := d.record.Strings(f.Name)
	if len(names) == 0 {
		if f.Required {
			return blank()
		}
		return nil
	}
	if unknown := d.unknownFiles(f, names); len(unknown) > 0 {
		return &Complaint{
			Code:    "validation_invalid_file",
			Message: fmt.Sprintf("Invalid new files: %v.", unknown),
			Params:  map[string]any{"invalidFiles": unknown},
		}
	}
	if most := max(f.MaxSelect, 1); len(names) > most {
		return &Complaint{
			Code:    "validation_too_many_files",
			Message: fmt.Sprintf("The maximum allowed files is %d.", most),
			Params:  map[string]any{"maxSelect": most},
		}
	}
	for _, name := range names {
		if u := d.change.uploads[FileName(name)]; u != nil {
			if c := first(checkUploadSize(f, u), checkUploadType(f, u)); c != nil {
				return c
			}
		}
	}
	return nil
}

// unknownFiles returns the names that are neither on the record already nor those of uploads.
func (d *draft) unknownFiles(f *Field, names []string) []string {
	var had []string
	if d.old != nil {
		had = d.old.Strings(f.Name)
	}
	var unknown []string
	for _, name := range names {
		if d.change.uploads[FileName(name)] == nil && !slices.Contains(had, name) {
			unknown = append(unknown, strings.ToValidUTF8(name[:min(len(name), maxComplainedName)], ""))
		}
	}
	return unknown
}

func checkUploadSize(f *Field, u *Upload) *Complaint {
	most := f.SizeLimit()
	if u.Size <= most {
		return nil
	}
	return &Complaint{
		Code:    "validation_file_size_limit",
		Message: fmt.Sprintf("Failed to upload %s - the maximum allowed file size is %d bytes.", u.OriginalName, most),
		Params:  map[string]any{"file": u.OriginalName, "maxSize": most},
	}
}

// checkUploadType accepts the sniffed type by any of its names.
func checkUploadType(f *Field, u *Upload) *Complaint {
	if len(f.MimeTypes) == 0 || slices.ContainsFunc(f.MimeTypes, u.mime.Is) {
		return nil
	}
	return &Complaint{
		Code:    "validation_invalid_mime_type",
		Message: fmt.Sprintf("%q mime type must be one of: %s.", u.name, strings.Join(f.MimeTypes, ", ")),
	}
}
