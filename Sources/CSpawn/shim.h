// glibc's own additions for starting a process (2.34 and later), which Swift's Glibc module leaves out because it is built
// without _GNU_SOURCE. The declarations are those of <spawn.h> and <unistd.h>.
#include <spawn.h>
#include <unistd.h>

int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *restrict actions, const char *restrict path);
int pipe2(int ends[2], int flags);
