package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/transform/vips"
)

// filesCommand are the jobs on the media library. They work on the data itself, beside a serving process, which sees
// every change within a second, or without one.
type filesCommand struct {
	Upload         filesUpload   `cmd:"" help:"Put files into the media library."`
	List           filesList     `cmd:"" help:"List the files of a folder."`
	Rename         filesRename   `cmd:"" help:"Give a file another name, in its folder and as it is shown."`
	Tag            filesTag      `cmd:"" help:"Add tags to a file, or remove them."`
	Move           filesMove     `cmd:"" help:"Move a file to another folder."`
	Delete         filesDelete   `cmd:"" help:"Delete files."`
	UpdateMetadata filesMetadata `cmd:"" help:"Change what is said of a file: alt, title, description, visibility, and names of your own."`
}

// fileRef is a file on the command line: its UUID, or its path.
type fileRef string

func (f fileRef) ref() origin.MediaRef {
	if id := strings.ToLower(string(f)); origin.IsUUID(id) {
		return origin.ByUUID(id)
	}
	return origin.ByPath(string(f))
}

// words names the file in what the core complains about.
func (f fileRef) words(err error) error {
	var e *origin.Error
	switch {
	case origin.KindOf(err) == origin.NotFound:
		return fmt.Errorf("there is no file %q", string(f))
	case errors.As(err, &e) && len(e.Fields) == 0 && e.Message != "":
		return fmt.Errorf("%s: %s", string(f), e.Message)
	}
	return inWords(err)
}

type filesUpload struct {
	dataOptions
	Paths      []string   `arg:"" name:"file" help:"Files of this machine." type:"existingfile"`
	Folder     string     `help:"Folder of the library; made on demand." placeholder:"FOLDER"`
	Visibility visibility `help:"Who may read them: public or private." default:"public" placeholder:"WHO"`
	Alt        string     `help:"Accessibility text." placeholder:"TEXT"`
	Quiet      bool       `help:"Show no progress."`
}

// Run needs libvips, as a picture's BlurHash comes of its upload.
func (f *filesUpload) Run(ctx context.Context, m *Main) error {
	renderer, err := vips.New(vips.DefaultConfig())
	if err != nil {
		return fmt.Errorf("libvips: %w", err)
	}
	defer renderer.Close()
	return withRenderer(ctx, f.dataOptions, renderer, func(core *origin.Origin) error {
		for _, p := range f.Paths {
			saved, err := f.upload(ctx, m, core, p)
			if err != nil {
				return fileRef(p).words(err)
			}
			if _, err := fmt.Fprintln(m.Stdout, saved.UUID, saved.Path()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (f *filesUpload) upload(ctx context.Context, m *Main, core *origin.Origin, name string) (*origin.Media, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	bar := progress(m.Stderr, info.Size(), filepath.Base(name), !f.Quiet)
	u, err := core.Stage(ctx, filepath.Base(name), io.TeeReader(file, bar), core.MediaLimit())
	_ = bar.Exit() // it shows, and decides nothing
	if err != nil {
		return nil, err
	}
	return core.PutMedia(ctx, origin.System(), u, origin.MediaDraft{Folder: f.Folder, Visibility: origin.Visibility(f.Visibility), Alt: f.Alt})
}

// progress shows how much of a file has been read.
func progress(to io.Writer, size int64, name string, visible bool) *progressbar.ProgressBar {
	return progressbar.NewOptions64(size, progressbar.OptionSetWriter(to), progressbar.OptionSetVisibility(visible),
		progressbar.OptionSetDescription(name), progressbar.OptionShowBytes(true), progressbar.OptionUseIECUnits(true), progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionOnCompletion(func() { fmt.Fprintln(to) }))
}

type filesList struct {
	dataOptions
	Folder string `arg:"" optional:"" help:"Folder; the root where none is named."`
}

// Run prints a table, one file per line.
func (f *filesList) Run(ctx context.Context, m *Main) error {
	return withCore(ctx, f.dataOptions, func(core *origin.Origin) error {
		table := tabwriter.NewWriter(m.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tPATH\tNAME\tTYPE\tBYTES\tPIXELS\tVISIBILITY\tCREATED")
		for n := 0; ; {
			page, err := core.ListMedia(ctx, origin.System(), f.Folder, n, 0)
			if err != nil {
				return inWords(err)
			}
			for _, file := range page.Files {
				pixels := "-"
				if file.IsPicture() {
					pixels = fmt.Sprintf("%dx%d", file.Width, file.Height)
				}
				fmt.Fprintf(table, "%s\t%s\t%q\t%s\t%d\t%s\t%s\t%s\n", file.UUID, file.Path(), file.OriginalName, file.MIME, file.Size, pixels, file.Visibility, date(file.Created))
			}
			if n += len(page.Files); !page.More {
				return table.Flush()
			}
		}
	})
}

// change runs a job on one file, and prints where it is then.
func (f fileRef) change(ctx context.Context, m *Main, d dataOptions, job func(*origin.Origin, *origin.Media) (*origin.Media, error)) error {
	return withCore(ctx, d, func(core *origin.Origin) error {
		found, err := core.Media(ctx, origin.System(), f.ref())
		if err != nil {
			return f.words(err)
		}
		changed, err := job(core, found)
		if err != nil {
			return f.words(err)
		}
		_, err = fmt.Fprintln(m.Stdout, changed.UUID, changed.Path())
		return err
	})
}

type filesRename struct {
	dataOptions
	File fileRef `arg:"" help:"The file's id or path."`
	Name string  `arg:"" help:"Its new name, which no other file of the folder has."`
}

// Run moves first: where the name is taken, nothing changes.
func (f *filesRename) Run(ctx context.Context, m *Main) error {
	return f.File.change(ctx, m, f.dataOptions, func(core *origin.Origin, file *origin.Media) (*origin.Media, error) {
		if strings.Contains(f.Name, "/") {
			return nil, fmt.Errorf("%q is a path: move the file", f.Name)
		}
		if _, err := core.MoveMedia(ctx, origin.System(), origin.ByID(file.ID), path.Join(file.Folder, f.Name)); err != nil {
			return nil, err
		}
		return core.UpdateMedia(ctx, origin.System(), origin.ByID(file.ID), origin.MediaEdit{OriginalName: &f.Name})
	})
}

type filesMove struct {
	dataOptions
	File   fileRef `arg:"" help:"The file's id or path."`
	Folder string  `arg:"" help:"The folder, made on demand; / is the root."`
}

// Run keeps the file's name.
func (f *filesMove) Run(ctx context.Context, m *Main) error {
	return f.File.change(ctx, m, f.dataOptions, func(core *origin.Origin, file *origin.Media) (*origin.Media, error) {
		return core.MoveMedia(ctx, origin.System(), origin.ByID(file.ID), strings.TrimSuffix(f.Folder, "/")+"/"+file.Slug)
	})
}

type filesDelete struct {
	dataOptions
	Files []fileRef `arg:"" name:"file" help:"Ids or paths of the files."`
}

// Run ends at the first that cannot be deleted.
func (f *filesDelete) Run(ctx context.Context, m *Main) error {
	return withCore(ctx, f.dataOptions, func(core *origin.Origin) error {
		for _, file := range f.Files {
			if err := core.DeleteMedia(ctx, origin.System(), file.ref()); err != nil {
				return file.words(err)
			}
			if _, err := fmt.Fprintln(m.Stdout, "deleted", string(file)); err != nil {
				return err
			}
		}
		return nil
	})
}

type filesTag struct {
	dataOptions
	File   fileRef  `arg:"" help:"The file's id or path."`
	Tags   []string `arg:"" name:"tag" help:"Tags, which have no comma."`
	Remove bool     `help:"Remove them instead."`
}

const tagsField = "tags"

// Run keeps the tags as Flextype's text has them: one text, with commas.
func (f *filesTag) Run(ctx context.Context, m *Main) error {
	return f.File.change(ctx, m, f.dataOptions, func(core *origin.Origin, file *origin.Media) (*origin.Media, error) {
		for _, tag := range f.Tags {
			if strings.TrimSpace(tag) == "" || strings.Contains(tag, ",") {
				return nil, fmt.Errorf("%q is no tag", tag)
			}
		}
		return core.UpdateMedia(ctx, origin.System(), origin.ByID(file.ID), origin.MediaEdit{Metadata: f.edit})
	})
}

// edit adds or removes the tags.
func (f *filesTag) edit(metadata map[string]any) {
	tags := tagsOf(metadata[tagsField])
	for _, tag := range f.Tags {
		tag = strings.TrimSpace(tag)
		tags = slices.DeleteFunc(tags, func(t string) bool { return t == tag })
		if !f.Remove {
			tags = append(tags, tag)
		}
	}
	if len(tags) > 0 {
		metadata[tagsField] = strings.Join(tags, ", ")
	} else {
		delete(metadata, tagsField)
	}
}

// tagsOf are a file's tags, however a dialect's client wrote them.
func tagsOf(value any) (tags []string) {
	add := func(tag string) {
		if tag = strings.TrimSpace(tag); tag != "" && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	switch have := value.(type) {
	case string:
		for tag := range strings.SplitSeq(have, ",") {
			add(tag)
		}
	case []any:
		for _, tag := range have {
			add(fmt.Sprint(tag))
		}
	}
	return tags
}

type filesMetadata struct {
	dataOptions
	File   fileRef  `arg:"" help:"The file's id or path."`
	Values []string `arg:"" name:"name=value" help:"What is to be said; NAME= removes a name."`
}

// Run changes all of it or nothing.
func (f *filesMetadata) Run(ctx context.Context, m *Main) error {
	edit, err := f.edit()
	if err != nil {
		return err
	}
	return f.File.change(ctx, m, f.dataOptions, func(core *origin.Origin, file *origin.Media) (*origin.Media, error) {
		return core.UpdateMedia(ctx, origin.System(), origin.ByID(file.ID), edit)
	})
}

func (f *filesMetadata) edit() (origin.MediaEdit, error) {
	free := make(map[string]string)
	edit := origin.MediaEdit{Metadata: func(m map[string]any) {
		for name, value := range free {
			if m[name] = value; value == "" {
				delete(m, name)
			}
		}
	}}
	own := map[string]**string{"title": &edit.Title, "description": &edit.Description, "alt": &edit.Alt}
	for _, pair := range f.Values {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return edit, fmt.Errorf("%q is not NAME=VALUE", pair)
		}
		free[name] = "" // what a field of the file's own hides goes, too
		switch to := own[name]; {
		case to != nil:
			*to = &value
		case name == "visibility":
			var v visibility
			if err := v.UnmarshalText([]byte(value)); err != nil {
				return edit, fmt.Errorf("visibility: %w", err)
			}
			edit.Visibility = (*origin.Visibility)(&v)
		default:
			free[name] = value
		}
	}
	return edit, nil
}
