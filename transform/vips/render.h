// The C side of package vips: what Go hands over, what it gets back. Every
// decision is made in Go; C takes the steps.

#ifndef IMGORIGIN_VIPS_RENDER_H
#define IMGORIGIN_VIPS_RENDER_H

#include <vips/vips.h>

// The formats, numbered as transform.Format.
enum { IG_JPEG = 1, IG_PNG, IG_GIF, IG_WEBP, IG_AVIF };

// How far a render got.
typedef enum {
	IG_OK,        // bytes were made
	IG_OPEN,      // the loader refused the header
	IG_SIZE,      // the loader's dimensions are not the expected ones
	IG_PIXELS,    // decoding or scaling failed
	IG_WARNED,    // libjpeg made up pixels and said so
	IG_ENCODE,    // colour conversion or encoding failed
	IG_CANCELLED, // the caller asked to stop
} ig_stage;

// ig_job is one render. All coordinates are those of the stored picture, before
// EXIF rotation.
typedef struct {
	int format;  // of the source
	int shrink;  // JPEG: decode at 1/shrink; 1, 2, 4 or 8
	double scale; // WebP: decode at this scale, at most 1
	int lenient; // GIF: data after the first frame is missing

	int loaded_width, loaded_height; // what the loader must then report

	int left, top, width, height; // the pixels that may be looked at,
	double x, y, w, h;            // and the rectangle of them, between pixels, that
	int scaled_width, scaled_height; // is scaled to this size,
	int out_left, out_top, out_width, out_height; // and the part of that which is wanted
	int resample; // or else just those pixels, as they are

	int quarter_turns; // clockwise, after scaling
	int mirror;        // left to right, after turning

	int output; // format
	int quality, compression, progressive;
	double background[3]; // what transparency is put on, sRGB 0 to 255
} ig_job;

typedef struct {
	ig_stage stage;
	void *data; // the answer, to be freed by g_free; NULL unless IG_OK
	size_t length;
	int loaded_width, loaded_height; // as the loader reported them; 0 before
	gint64 warnings;                 // of ig_header only: how many were logged
	char message[200];               // of libvips, for people: may hold another thread's
} ig_result;

// ig_start initialises libvips for the process, once; later calls compare. It
// returns 0, -1 where libvips cannot start, 1 where it runs with other values.
int ig_start(int concurrency, int arenas);

// ig_render makes one rendition of the length bytes at source, which must stay
// in place until it returns. It stops soon after *cancel becomes other than 0.
void ig_render(const void *source, size_t length, const ig_job *job,
	const int *cancel, ig_result *result);

// ig_decode is the first half of ig_render: it returns the scaled pixels, in
// memory, which g_object_unref frees, or NULL unless IG_OK.
VipsImage *ig_decode(const void *source, size_t length, const ig_job *job,
	const int *cancel, ig_result *result);

// ig_rescale is ig_decode from pixels in memory, to which the job's coordinates
// refer, instead of from a file.
VipsImage *ig_rescale(VipsImage *from, const ig_job *job, const int *cancel, ig_result *result);

// ig_produce is the second half of ig_render. The pixels stay the caller's.
void ig_produce(VipsImage *pixels, const ig_job *job, const int *cancel, ig_result *result);

// ig_header opens a picture without decoding it.
void ig_header(const void *source, size_t length, int format, ig_result *result);

// ig_encode_webp encodes width × height pixels of bands (3 or 4) bytes each.
void ig_encode_webp(const void *pixels, int width, int height, int bands,
	int quality, ig_result *result);

// What takes long is a step of a worker: a thread of low priority that Go waits for without being in C.
typedef enum {
	IG_STEP_HEADER,
	IG_STEP_RENDER,
	IG_STEP_DECODE,
	IG_STEP_RESCALE,
	IG_STEP_PRODUCE,
	IG_STEP_WEBP,
	IG_STEP_FREE, // of an image: that of a large one takes a millisecond
} ig_step;

// ig_task is a step, with the arguments and the results of the function above that is
// named like it. Task and source stay in place until the step has ended.
typedef struct {
	ig_step step;
	int cancel;
	const void *source;
	size_t length;
	ig_job job;
	VipsImage *image; // to work on, or made
	ig_result result;
} ig_task;

typedef struct ig_worker ig_worker;

// ig_worker_start begins a thread that stands that much further down on the scale of
// nice(2), and writes a byte to the file descriptor done at the end of each task. It
// returns NULL where the system gives no more threads.
ig_worker *ig_worker_start(int niceness, int done);

// ig_worker_post begins a task. The one before must have ended.
void ig_worker_post(ig_worker *w, ig_task *task);

// ig_worker_stop waits until a task that was posted has ended, and the thread with it.
void ig_worker_stop(ig_worker *w);

// ig_warnings_begin and ig_warnings_end count the warnings that libvips logs
// on this thread between them, and on threads that are between none.
void ig_warnings_begin(void);
gint64 ig_warnings_end(void);
gint64 ig_warnings(void);       // since the start, of the process
gint64 ig_stray_warnings(void); // those on threads that are between none

// Used between the C files only. ig_jpegsave encodes 8-bit grey or RGB pixels; *data is
// to be freed by g_free. It reports failure, also soon after *cancel is set.
int ig_jpegsave(VipsImage *in, int quality, int progressive, const int *cancel,
	void **data, size_t *length);
void ig_take_error(ig_result *result);
VipsImage *ig_resample(VipsImage *in, const ig_job *job, const int *cancel);

#endif
