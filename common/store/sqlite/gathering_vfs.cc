#include "common/store/sqlite/gathering_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

namespace sqm::store {
namespace {

constexpr char kName[] = "sqm-gathering";
// Larger transactions are written in several turns.
constexpr int kCapacity = 1 << 20;
// SQLite's own layer cuts the size of a write to its lower 17 bits.
constexpr int kPiece = 1 << 16;
// The header of a frame in the log (sqlite.org/fileformat2.html, section 4.1): a page follows it.
// Bytes 4 to 7 are not zero in the last frame of a transaction.
constexpr int kFrameHeader = 24;

// The log, in memory that SQLite gives: ours first, then the file of SQLite's own layer.
struct LogFile {
  sqlite3_file base;
  std::unique_ptr<char[]> bytes;  // not yet written
  int used = 0;
  sqlite3_int64 start = 0;    // where `bytes` belong in the file
  sqlite3_int64 end = 0;      // of what was appended since the log began
  bool last_of_many = false;  // the next write is the last page of a transaction

  sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  const sqlite3_io_methods& own() { return *file()->pMethods; }
};
// SQLite aligns to 8 bytes, no more.
static_assert(alignof(LogFile) <= 8 && sizeof(LogFile) % 8 == 0);

LogFile* Log(sqlite3_file* file) { return reinterpret_cast<LogFile*>(file); }

int Flush(LogFile* log) {
  if (log->used == 0) return SQLITE_OK;
  const int size = log->used;
  // After a failure SQLite gives the transaction up: what was gathered is nobody's.
  log->used = 0;
  for (int done = 0; done < size; done += kPiece) {
    const int code = log->own().xWrite(log->file(), log->bytes.get() + done,
                                       std::min(kPiece, size - done), log->start + done);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

int Close(sqlite3_file* file) {
  LogFile* log = Log(file);
  const int flushed = Flush(log);
  const int closed = log->own().xClose(log->file());
  log->~LogFile();
  return flushed == SQLITE_OK ? closed : flushed;
}

int Read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  LogFile* log = Log(file);
  if (int code = Flush(log); code != SQLITE_OK) return code;
  return log->own().xRead(log->file(), to, size, offset);
}

int Write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  LogFile* log = Log(file);
  if (log->used > 0 && (offset != log->start + log->used || log->used + size > kCapacity)) {
    if (int code = Flush(log); code != SQLITE_OK) return code;
  }
  const bool last = log->last_of_many;
  log->last_of_many = false;
  if (offset == 0) log->end = 0;  // the log begins anew
  if (offset < log->end) {
    // A transaction that wrote a page twice puts it where it was, and has new checksums written
    // into the headers of its frames at last, which no page follows; or one was rolled back, and
    // the next goes on from there.
    if (int code = Flush(log); code != SQLITE_OK) return code;
    if (size != kFrameHeader) log->end = offset + size;
    return log->own().xWrite(log->file(), from, size, offset);
  }
  log->end = offset + size;
  if (size > kCapacity) return log->own().xWrite(log->file(), from, size, offset);
  if (log->used == 0) {
    if (log->bytes == nullptr) log->bytes.reset(new (std::nothrow) char[kCapacity]);
    if (log->bytes == nullptr) return SQLITE_IOERR_NOMEM;
    log->start = offset;
  }
  std::memcpy(log->bytes.get() + log->used, from, static_cast<size_t>(size));
  log->used += size;
  if (size == kFrameHeader) {
    uint32_t pages_after_commit = 0;
    std::memcpy(&pages_after_commit, static_cast<const char*>(from) + 4, sizeof(uint32_t));
    log->last_of_many = pages_after_commit != 0;
    return SQLITE_OK;
  }
  return last ? Flush(log) : SQLITE_OK;
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  LogFile* log = Log(file);
  if (int code = Flush(log); code != SQLITE_OK) return code;
  return log->own().xTruncate(log->file(), size);
}

int Sync(sqlite3_file* file, int flags) {
  LogFile* log = Log(file);
  if (int code = Flush(log); code != SQLITE_OK) return code;
  return log->own().xSync(log->file(), flags);
}

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  LogFile* log = Log(file);
  if (int code = Flush(log); code != SQLITE_OK) return code;
  return log->own().xFileSize(log->file(), size);
}

int Lock(sqlite3_file* file, int level) { return Log(file)->own().xLock(Log(file)->file(), level); }
int Unlock(sqlite3_file* file, int level) {
  return Log(file)->own().xUnlock(Log(file)->file(), level);
}
int CheckReservedLock(sqlite3_file* file, int* held) {
  return Log(file)->own().xCheckReservedLock(Log(file)->file(), held);
}
int FileControl(sqlite3_file* file, int what, void* argument) {
  return Log(file)->own().xFileControl(Log(file)->file(), what, argument);
}
int SectorSize(sqlite3_file* file) { return Log(file)->own().xSectorSize(Log(file)->file()); }
int DeviceCharacteristics(sqlite3_file* file) {
  return Log(file)->own().xDeviceCharacteristics(Log(file)->file());
}

constexpr sqlite3_io_methods kMethods = {1,
                                         Close,
                                         Read,
                                         Write,
                                         Truncate,
                                         Sync,
                                         FileSize,
                                         Lock,
                                         Unlock,
                                         CheckReservedLock,
                                         FileControl,
                                         SectorSize,
                                         DeviceCharacteristics,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr};

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_given) {
  auto* own = static_cast<sqlite3_vfs*>(vfs->pAppData);
  if ((flags & SQLITE_OPEN_WAL) == 0) return own->xOpen(own, name, file, flags, flags_given);
  auto* log = new (file) LogFile();
  const int code = own->xOpen(own, name, log->file(), flags, flags_given);
  if (code == SQLITE_OK) {
    log->base.pMethods = &kMethods;
  } else {
    // SQLite closes a file that has methods, and only such a one.
    if (log->file()->pMethods != nullptr) log->own().xClose(log->file());
    log->~LogFile();
    file->pMethods = nullptr;
  }
  return code;
}

sqlite3_vfs* Register() {
  // Statistics of SQLite's memory would take a lock at every allocation.
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  sqlite3_initialize();
  sqlite3_vfs* own = sqlite3_vfs_find(nullptr);
  static sqlite3_vfs vfs = *own;
  vfs.pNext = nullptr;
  vfs.zName = kName;
  vfs.pAppData = own;
  vfs.szOsFile = own->szOsFile + static_cast<int>(sizeof(LogFile));
  vfs.xOpen = Open;
  sqlite3_vfs_register(&vfs, 0);
  return &vfs;
}

}  // namespace

const char* GatheringVfs() {
  static const sqlite3_vfs* registered = Register();
  return registered->zName;
}

}  // namespace sqm::store
