package pocketbase

import (
	"strconv"
	"strings"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

func (d *Dialect) listRecords(r *server.Request) error {
	who, err := d.caller(r)
	if err != nil {
		return err
	}
	page, err := d.core.ListRecords(r.Context(), who, r.Param(0), listQuery(r))
	if err != nil {
		return err
	}
	items := make([]any, len(page.Items))
	for i, v := range page.Items {
		items[i] = recordJSON(v)
	}
	return sendPicked(r, pageJSON(items, page.Page, page.PerPage, page.TotalItems, page.TotalPages))
}

func (d *Dialect) viewRecord(r *server.Request) error {
	who, err := d.caller(r)
	if err != nil {
		return err
	}
	view, err := d.core.ViewRecord(r.Context(), who, r.Param(0), r.Param(1), origin.ReadOptions{Expand: expand(r)})
	if err != nil {
		return err
	}
	return sendPicked(r, recordJSON(view))
}

func (d *Dialect) createRecord(r *server.Request) error {
	return d.write(r, func(who origin.Caller, in origin.RecordInput) (*origin.View, error) {
		return d.core.CreateRecord(r.LongContext(), who, r.Param(0), in)
	})
}

func (d *Dialect) updateRecord(r *server.Request) error {
	return d.write(r, func(who origin.Caller, in origin.RecordInput) (*origin.View, error) {
		return d.core.UpdateRecord(r.LongContext(), who, r.Param(0), r.Param(1), in)
	})
}

// write reads a record's input and answers with the record that the core made of it. The core owns the staged files from
// then on, whatever becomes of them.
func (d *Dialect) write(r *server.Request, do func(origin.Caller, origin.RecordInput) (*origin.View, error)) error {
	who, err := d.caller(r)
	if err != nil {
		return err
	}
	in, err := d.readRecord(r, r.Param(0))
	if err != nil {
		return err
	}
	in.Expand = expand(r)
	view, err := do(who, in)
	if err != nil {
		return err
	}
	return sendPicked(r, recordJSON(view))
}

func (d *Dialect) deleteRecord(r *server.Request) error {
	who, err := d.caller(r)
	if err != nil {
		return err
	}
	if err := d.core.DeleteRecord(r.Context(), who, r.Param(0), r.Param(1)); err != nil {
		return err
	}
	r.Status(204)
	return nil
}

// listQuery reads the parameters that lists share. A number that is none counts as not given.
func listQuery(r *server.Request) origin.ListQuery {
	page, _ := strconv.Atoi(r.QueryValue("page"))
	perPage, _ := strconv.Atoi(r.QueryValue("perPage"))
	skip, _ := strconv.ParseBool(r.QueryValue("skipTotal"))
	return origin.ListQuery{
		Page: page, PerPage: perPage, SkipTotal: skip,
		Sort: r.QueryValue("sort"), Filter: r.QueryValue("filter"),
		ReadOptions: origin.ReadOptions{Expand: expand(r)},
	}
}

func expand(r *server.Request) []string {
	var names []string
	for name := range strings.SplitSeq(r.QueryValue("expand"), ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}
