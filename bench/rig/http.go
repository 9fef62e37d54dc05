package rig

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
)

// Answer is what the program answered, read whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a request with the superuser's token and returns whatever is answered. The error says that there was no answer.
func (p *Program) Do(ctx context.Context, method, path, contentType string, body io.Reader) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, p.Base+path, body)
	if err != nil {
		return Answer{}, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if p.token != "" {
		req.Header.Set("Authorization", p.token)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return Answer{resp.StatusCode, resp.Header, data}, err
}

// Get asks for a path.
func (p *Program) Get(ctx context.Context, path string) (Answer, error) {
	return p.Do(ctx, http.MethodGet, path, "", nil)
}

// sendJSON sends a JSON body and reads a JSON answer; any status but 200 is an error.
func (p *Program) sendJSON(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	a, err := p.Do(ctx, method, path, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	if a.Status != http.StatusOK {
		return fmt.Errorf("%s %s: status %d: %.300s", method, path, a.Status, a.Body)
	}
	return json.Unmarshal(a.Body, out)
}

// MakeCollection makes a public collection with one file field "image" that lists these thumbs.
func (p *Program) MakeCollection(ctx context.Context, name string, thumbs []string) error {
	const most = 1 << 30
	image := map[string]any{"name": "image", "type": "file", "maxSelect": 1, "maxSize": most, "thumbs": thumbs}
	return p.sendJSON(ctx, "POST", "/api/collections", map[string]any{
		"name": name, "type": "base", "fields": []any{image}, "listRule": "", "viewRule": "",
	}, new(map[string]any))
}

// File is an uploaded file.
type File struct {
	Record string // path of its record, to be deleted by
	Path   string // of its bytes
	Name   string // as it is stored: unique
}

// Upload puts bytes into a new record. Any status but 200 is an error.
func (p *Program) Upload(ctx context.Context, collection, name string, data []byte) (File, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	to, err := w.CreateFormFile("image", name)
	if err != nil {
		return File{}, err
	}
	if _, err := to.Write(data); err != nil {
		return File{}, err
	}
	if err := w.Close(); err != nil {
		return File{}, err
	}
	records := "/api/collections/" + collection + "/records"
	a, err := p.Do(ctx, http.MethodPost, records, w.FormDataContentType(), &body)
	if err != nil {
		return File{}, err
	}
	if a.Status != http.StatusOK {
		return File{}, fmt.Errorf("upload: status %d: %.300s", a.Status, a.Body)
	}
	var v struct{ ID, Image string }
	if err := json.Unmarshal(a.Body, &v); err != nil {
		return File{}, err
	}
	return File{
		Record: records + "/" + v.ID,
		Path:   "/api/files/" + collection + "/" + v.ID + "/" + v.Image,
		Name:   v.Image,
	}, nil
}

// Delete removes a file with its record.
func (p *Program) Delete(ctx context.Context, f File) error {
	a, err := p.Do(ctx, http.MethodDelete, f.Record, "", nil)
	if err == nil && a.Status != http.StatusNoContent {
		err = fmt.Errorf("delete: status %d: %.300s", a.Status, a.Body)
	}
	return err
}

// Metric reads one number that has no labels from /metrics.
func (p *Program) Metric(ctx context.Context, name string) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.metrics, nil)
	if err != nil {
		return 0, err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, fmt.Errorf("no metric %s", name)
}
