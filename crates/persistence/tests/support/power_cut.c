/*
 * Preloaded into a database server by the test of power cuts. Whenever the
 * server waits until a file is on disk, this keeps a copy of the file instead,
 * in the folder $POWER_CUT_COPIES, under the file's inode and time of birth:
 * names change. After a SIGKILL the copies are what a power cut would have left
 * of files, at the least.
 *
 * The lock puts copies of a file in the order of their contents.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static char buffer[1 << 20];

static void fail(const char *what)
{
    perror(what);
    abort();
}

static void keep(int fd)
{
    struct statx file;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &file) != 0)
        fail("statx");
    if (!S_ISREG(file.stx_mode) || file.stx_nlink == 0)
        return;
    const char *folder = getenv("POWER_CUT_COPIES");
    char same[64], begun[PATH_MAX], done[PATH_MAX];
    snprintf(same, sizeof same, "/proc/self/fd/%d", fd);
    snprintf(begun, sizeof begun, "%s/begun", folder);
    snprintf(done, sizeof done, "%s/%llu-%lld-%u", folder, (unsigned long long)file.stx_ino,
             (long long)file.stx_btime.tv_sec, file.stx_btime.tv_nsec);
    int from = open(same, O_RDONLY | O_CLOEXEC);
    int to = open(begun, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (from < 0 || to < 0)
        fail("open");
    ssize_t length;
    while ((length = read(from, buffer, sizeof buffer)) > 0)
        if (write(to, buffer, (size_t)length) != length)
            fail("write");
    if (length < 0)
        fail("read");
    close(from);
    close(to);
    if (rename(begun, done) != 0)
        fail("rename");
}

int fsync(int fd)
{
    pthread_mutex_lock(&lock);
    keep(fd);
    pthread_mutex_unlock(&lock);
    return 0;
}

int fdatasync(int fd)
{
    return fsync(fd);
}
