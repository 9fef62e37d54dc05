// Process-wide state of libvips: started once, quiet, fenced, without a cache.

#include "render.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

static gint64 all_warnings, stray_warnings;
static __thread gboolean listening;
static __thread gint64 heard;

// count_log stands in for GLib's default handler, which writes to stderr: one
// hostile picture can produce thousands of lines. What matters is counted.
static void count_log(const gchar *domain, GLogLevelFlags level,
	const gchar *message, gpointer data)
{
	if (!(level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)))
		return;
	__atomic_add_fetch(&all_warnings, 1, __ATOMIC_RELAXED);
	if (listening)
		heard++;
	else
		__atomic_add_fetch(&stray_warnings, 1, __ATOMIC_SEQ_CST);
	if (level & G_LOG_FLAG_FATAL) // GLib aborts after this: leave a word
		g_printerr("%s: %s\n", domain ? domain : "GLib", message);
}

void ig_warnings_begin(void)
{
	listening = TRUE;
	heard = 0;
}

gint64 ig_warnings_end(void)
{
	listening = FALSE;
	return heard;
}

gint64 ig_warnings(void)
{
	return __atomic_load_n(&all_warnings, __ATOMIC_RELAXED);
}

gint64 ig_stray_warnings(void)
{
	return __atomic_load_n(&stray_warnings, __ATOMIC_SEQ_CST);
}

// fence leaves four loaders. The block is libvips' own, inside every load
// operation, so that it holds for bimg as well.
static void fence(void)
{
	vips_block_untrusted_set(TRUE);
	vips_operation_block_set("VipsForeignLoad", TRUE);
	vips_operation_block_set("VipsForeignLoadJpeg", FALSE);
	vips_operation_block_set("VipsForeignLoadPng", FALSE);
	vips_operation_block_set("VipsForeignLoadNsgif", FALSE);
	vips_operation_block_set("VipsForeignLoadWebp", FALSE);
}

static int start(int concurrency, int arenas)
{
#ifdef __GLIBC__
	// Each arena keeps its own free lists: with one per thread, resident memory
	// grows with the number of threads that ever decoded. Another allocator
	// (preloaded) does not read this.
	mallopt(M_ARENA_MAX, arenas);
	// Blocks from here on are mapped, and given back the moment they are freed.
	// Left alone glibc raises its threshold to the largest mapped block that was
	// ever freed, up to 32 MB: after one large picture the buffers of all later
	// ones come from the arenas, which keep them. A soak of 12-megapixel pictures
	// peaks at 249 MiB with this line, and at 436 MiB without it.
	mallopt(M_MMAP_THRESHOLD, 256 * 1024);
#endif
	g_log_set_default_handler(count_log, NULL);
	if (VIPS_INIT("imgorigin"))
		return -1;
	vips_leak_set(FALSE);
	vips_concurrency_set(concurrency);
	// Every source is seen once, so that a cached operation only holds memory,
	// and a pointer to a buffer that Go may have freed.
	vips_cache_set_max(0);
	vips_cache_set_max_mem(0);
	vips_cache_set_max_files(0);
	fence();
	return 0;
}

int ig_start(int concurrency, int arenas)
{
	static GMutex lock;
	static int status = 1, started_concurrency, started_arenas;

	g_mutex_lock(&lock);
	if (status == 1) {
		status = start(concurrency, arenas);
		started_concurrency = concurrency;
		started_arenas = arenas;
	}
	int result = status;
	if (!result && (concurrency != started_concurrency || arenas != started_arenas))
		result = 1;
	g_mutex_unlock(&lock);
	return result;
}

// ig_take_error moves libvips' error text, of which there is one per process,
// into the result. Under load it may hold lines of other threads: nothing is
// ever decided by it.
void ig_take_error(ig_result *result)
{
	char *text = vips_error_buffer_copy();
	g_strlcpy(result->message, g_strchomp(text), sizeof result->message);
	g_free(text);
}
