/* Stands between an unmodified program and the C library (LD_PRELOAD): writes down every change of the files whose
 * paths begin with TORTURE_FILE, makes calls on them fail when told so, and moves the wall clock.
 *
 * TORTURE_CONTROL names a file of 8-byte words that both sides see at once:
 *   0 records written so far        1 calls counted so far        2 the call that fails (0: none)
 *   3 which calls fail: 1 writes, 2 syncs, 4 reads, 8 names,      4 not only that call fails but all after it
 *     16 syncs of the file itself, which only checkpoints do
 *   5 bytes that may still be written (negative: no limit)        6 milliseconds by which the wall clock is off
 *   7 milliseconds that each sync takes longer                    8 the error that every hard link ends with (0: none)
 *   9 not 0: the call that fails kills the program in its place
 * TORTURE_TRACE names the trace (none when it is not set). A record is four words, kind, file, offset and length, and
 * `length` bytes. For names (open, link, unlink) they are the path; the offset of a link is the length of its first.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CREATED = 1, OPENED, WRITTEN, CUT, SYNCED, LINKED, UNLINKED, NAMES_SYNCED };
enum { POSITION, COUNT, FAIL_AT, FAIL_KINDS, FAIL_ON, ROOM, WALL_MS, SYNC_MS, LINK_ERROR, KILLS, WORDS };
enum { WRITES = 1, SYNCS = 2, READS = 4, NAMES = 8, CHECKPOINT_SYNCS = 16 };
enum { NONE, DATABASE, SHARED_MEMORY, FOLDER };

#define DESCRIPTORS 65536
#define REAL(name) ((__typeof__(&name))real(#name))

static struct {
	unsigned char kind[DESCRIPTORS];
	uint64_t file[DESCRIPTORS];
	unsigned char is_main[DESCRIPTORS];
} known;
static const char *prefix;
static char folder[4096];
static volatile int64_t *control;
static int trace = -1;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void)
{
	prefix = getenv("TORTURE_FILE");
	const char *path = getenv("TORTURE_CONTROL");
	if (!prefix || !path)
		return;
	const char *slash = strrchr(prefix, '/');
	memcpy(folder, prefix, slash ? (size_t)(slash - prefix) : 0);
	int fd = REAL(open)(path, O_RDWR | O_CLOEXEC);
	void *words = mmap(NULL, WORDS * sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd < 0 || words == MAP_FAILED)
		abort();
	const char *log = getenv("TORTURE_TRACE");
	if (log && (trace = REAL(open)(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) < 0)
		abort();
	control = words;
}

static void all(const void *bytes, size_t length)
{
	while (length > 0) {
		ssize_t done = REAL(write)(trace, bytes, length);
		if (done <= 0)
			abort();
		bytes = (const char *)bytes + done;
		length -= done;
	}
}

static void record(uint64_t kind, uint64_t file, uint64_t offset, const void *bytes, uint64_t length, uint64_t given)
{
	uint64_t head[4] = { kind, file, offset, length };
	if (trace < 0)
		return;
	all(head, sizeof head);
	all(bytes, given);
	control[POSITION]++;
}

static int kind_of(int fd) { return control && fd >= 0 && fd < DESCRIPTORS ? known.kind[fd] : NONE; }

/* Whether this call is the one that fails; errno is then set. */
static int fails(int kind, int bytes)
{
	int room = ENOSPC;
	if (kind & control[FAIL_KINDS]) {
		int64_t count = ++control[COUNT], at = control[FAIL_AT];
		if (at > 0 && (count == at || (control[FAIL_ON] && count > at)))
			room = EIO;
		if (room == EIO && control[KILLS])
			raise(SIGKILL);
	}
	if (room == ENOSPC) {
		if (!bytes || control[ROOM] < 0)
			return 0;
		if (control[ROOM] >= bytes) {
			control[ROOM] -= bytes;
			return 0;
		}
	}
	errno = room;
	return 1;
}

static int open_by(int (*how)(const char *, int, ...), const char *path, int flags, mode_t mode)
{
	if (!control || !path)
		return how(path, flags, mode);
	int is_folder = !strcmp(path, folder), is_ours = !strncmp(path, prefix, strlen(prefix));
	if (!is_folder && !is_ours)
		return how(path, flags, mode);
	size_t length = strlen(path);
	int is_memory = length > 4 && !strcmp(path + length - 4, "-shm");
	pthread_mutex_lock(&turn);
	struct stat before, now;
	int is_new = (flags & O_CREAT) && stat(path, &before) != 0;
	int fd = how(path, flags, mode);
	if (fd >= 0 && fd < DESCRIPTORS && fstat(fd, &now) == 0) {
		known.kind[fd] = is_folder ? FOLDER : is_memory ? SHARED_MEMORY : DATABASE;
		known.file[fd] = now.st_ino;
		known.is_main[fd] = !strcmp(path, prefix);
		if (is_ours && !is_memory)
			record(is_new ? CREATED : OPENED, now.st_ino, 0, path, length, length);
	}
	pthread_mutex_unlock(&turn);
	return fd;
}

#define OPENS(name) \
	int name(const char *path, int flags, ...) \
	{ \
		va_list rest; \
		va_start(rest, flags); \
		mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
		va_end(rest); \
		return open_by(REAL(name), path, flags, mode); \
	}
OPENS(open)
OPENS(open64)

int close(int fd)
{
	if (kind_of(fd))
		known.kind[fd] = NONE;
	return REAL(close)(fd);
}

/* A write where the file is `at` already, or where it stands when `at` is negative. */
static ssize_t write_by(int fd, const void *bytes, size_t length, off_t at)
{
	int kind = kind_of(fd);
	ssize_t done = -1;
	if (kind == NONE || kind == FOLDER)
		return at < 0 ? REAL(write)(fd, bytes, length) : REAL(pwrite)(fd, bytes, length, at);
	pthread_mutex_lock(&turn);
	if (!fails(WRITES, (int)length)) {
		off_t where = at < 0 ? lseek(fd, 0, SEEK_CUR) : at;
		done = REAL(pwrite)(fd, bytes, length, where);
		if (done > 0 && at < 0)
			lseek(fd, where + done, SEEK_SET);
		if (done > 0 && kind == DATABASE)
			record(WRITTEN, known.file[fd], where, bytes, done, done);
	}
	pthread_mutex_unlock(&turn);
	return done;
}

ssize_t write(int fd, const void *bytes, size_t length) { return write_by(fd, bytes, length, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return write_by(fd, bytes, length, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) { return write_by(fd, bytes, length, at); }

static int cut_by(int (*how)(int, off_t), int fd, off_t length)
{
	if (kind_of(fd) != DATABASE)
		return how(fd, length);
	pthread_mutex_lock(&turn);
	int result = fails(WRITES, 0) ? -1 : how(fd, length);
	if (result == 0)
		record(CUT, known.file[fd], length, NULL, 0, 0);
	pthread_mutex_unlock(&turn);
	return result;
}

int ftruncate(int fd, off_t length) { return cut_by(REAL(ftruncate), fd, length); }
int ftruncate64(int fd, off_t length) { return cut_by(REAL(ftruncate64), fd, length); }

static int sync_by(int (*how)(int), int fd)
{
	int kind = kind_of(fd);
	if (kind == NONE || kind == SHARED_MEMORY)
		return how(fd);
	if (control[SYNC_MS] > 0)
		usleep(control[SYNC_MS] * 1000);
	pthread_mutex_lock(&turn);
	int result = fails(known.is_main[fd] ? SYNCS | CHECKPOINT_SYNCS : SYNCS, 0) ? -1 : how(fd);
	if (result == 0)
		record(kind == FOLDER ? NAMES_SYNCED : SYNCED, known.file[fd], 0, NULL, 0, 0);
	pthread_mutex_unlock(&turn);
	return result;
}

int fsync(int fd) { return sync_by(REAL(fsync), fd); }
int fdatasync(int fd) { return sync_by(REAL(fdatasync), fd); }

/* Space is written, not reserved, as where the file system knows no reserving. */
int posix_fallocate(int fd, off_t at, off_t length) { return kind_of(fd) ? EOPNOTSUPP : REAL(posix_fallocate)(fd, at, length); }
int posix_fallocate64(int fd, off_t at, off_t length) { return kind_of(fd) ? EOPNOTSUPP : REAL(posix_fallocate64)(fd, at, length); }

static int read_fails(int fd)
{
	if (kind_of(fd) != DATABASE)
		return 0;
	pthread_mutex_lock(&turn);
	int result = fails(READS, 0);
	pthread_mutex_unlock(&turn);
	return result;
}

ssize_t read(int fd, void *bytes, size_t length) { return read_fails(fd) ? -1 : REAL(read)(fd, bytes, length); }
ssize_t pread(int fd, void *bytes, size_t length, off_t at) { return read_fails(fd) ? -1 : REAL(pread)(fd, bytes, length, at); }
ssize_t pread64(int fd, void *bytes, size_t length, off_t at) { return read_fails(fd) ? -1 : REAL(pread64)(fd, bytes, length, at); }

static int is_ours(const char *path)
{
	size_t length = strlen(path);
	return control && !strncmp(path, prefix, strlen(prefix)) && !(length > 4 && !strcmp(path + length - 4, "-shm"));
}

static void two_names(const char *from, const char *to)
{
	char both[8192];
	size_t first = strlen(from), second = strlen(to);
	if (first + second > sizeof both)
		abort();
	memcpy(both, from, first);
	memcpy(both + first, to, second);
	record(LINKED, 0, first, both, first + second, first + second);
}

/* Whether a change of this name fails; errno is then set. */
static int name_fails(const char *name) { return is_ours(name) && fails(NAMES, 0); }

static int link_fails(const char *to)
{
	if (!is_ours(to) || !control[LINK_ERROR])
		return name_fails(to);
	errno = (int)control[LINK_ERROR];
	return 1;
}

int link(const char *from, const char *to)
{
	pthread_mutex_lock(&turn);
	int result = link_fails(to) ? -1 : REAL(link)(from, to);
	if (result == 0 && is_ours(to))
		two_names(from, to);
	pthread_mutex_unlock(&turn);
	return result;
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
	pthread_mutex_lock(&turn);
	int result = link_fails(to) ? -1 : REAL(linkat)(from_folder, from, to_folder, to, flags);
	if (result == 0 && is_ours(to))
		two_names(from, to);
	pthread_mutex_unlock(&turn);
	return result;
}

int rename(const char *from, const char *to)
{
	pthread_mutex_lock(&turn);
	int result = name_fails(to) ? -1 : REAL(rename)(from, to);
	if (result == 0 && is_ours(to)) {
		two_names(from, to);
		record(UNLINKED, 0, 0, from, strlen(from), strlen(from));
	}
	pthread_mutex_unlock(&turn);
	return result;
}

int unlink(const char *path)
{
	pthread_mutex_lock(&turn);
	int result = name_fails(path) ? -1 : REAL(unlink)(path);
	if (result == 0 && is_ours(path))
		record(UNLINKED, 0, 0, path, strlen(path), strlen(path));
	pthread_mutex_unlock(&turn);
	return result;
}

int clock_gettime(clockid_t which, struct timespec *now)
{
	int result = REAL(clock_gettime)(which, now);
	if (result == 0 && which == CLOCK_REALTIME && control && control[WALL_MS]) {
		int64_t ns = now->tv_nsec + control[WALL_MS] % 1000 * 1000000;
		now->tv_sec += control[WALL_MS] / 1000 + (ns < 0 ? -1 : ns / 1000000000);
		now->tv_nsec = ns < 0 ? ns + 1000000000 : ns % 1000000000;
	}
	return result;
}
