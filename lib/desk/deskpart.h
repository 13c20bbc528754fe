/*
 * deskpart: the parts of the desk.  One process, one epoll: clients.c has the
 * connections and the protocol, jobs.c what is to be scanned and the answers,
 * scanners.c the processes that scan, databases.c those that load, and temps.c
 * the directories for temporary files.
 *
 * Nothing here trusts a scanner: its answer is parsed, its time, its directory
 * and its life are watched.  And there is no way from "no answer" to "clean".
 */
#ifndef DESK_DESKPART_H
#define DESK_DESKPART_H

#include <limits.h>

#include "base/buf.h"
#include "desk/desk.h"
#include "desk/request.h"
#include "net/source.h"

#define DESK_DATABASES 2 /* the new one and the old one */
#define DESK_INPUT_SIZE (64 << 10)
#define DESK_REASON_MAX REPORT_NAME_MAX
#define CLIENT_FDS_MAX 4 /* that no request has asked for yet */

/* Of a source. */
enum source_kind {
	SOURCE_SIGNALS,
	SOURCE_LISTENER,
	SOURCE_CLIENT,
	SOURCE_NURSERY,
	SOURCE_SCANNER,
	SOURCE_GONE /* of an event that was fetched before it went */
};

/* Octets of a stream: in memory, or in an unlinked file if they are many. */
struct stream {
	int fd; /* -1: there is none */
	bool in_file;
	uint64_t size;
};

struct client {
	struct source source;
	struct client *next, *previous;
	struct request_parser parser;
	struct buf in;  /* what came while it may not have another job */
	struct buf out; /* answers that the socket did not take yet */
	struct stream stream;
	int fds[CLIENT_FDS_MAX]; /* in the order in which they came */
	size_t fd_count;
	bool session;  /* IDSESSION */
	bool kept;     /* it may be silent between commands */
	bool at_end;   /* it will say no more */
	bool closing;  /* not heard any more; ends when all answers are sent */
	bool lingers;  /* until it has closed, too */
	bool answered; /* since it was last looked at */
	uint64_t commands; /* in the session */
	size_t jobs;       /* that it waits for */
	int64_t deadline;
};

enum job_form {
	JOB_STREAM, /* clamd's answer: "stream: ..." */
	JOB_FILDES, /* "fd[10]: ..." */
	JOB_REPORT  /* the report's text */
};

struct job {
	struct job *next;
	struct client *client; /* NULL: nobody waits any more */
	enum job_form form;
	uint64_t id; /* in a session; else 0 */
	char end;    /* of the answer */
	bool is_message;
	int fd;
	int number; /* as which the client sees the descriptor */
	char name[REPORT_FILE_MAX + 1];
	int64_t since;
};

enum scanner_state {
	SCANNER_NONE,
	SCANNER_ASKED, /* the nursery is to fork it */
	SCANNER_IDLE,
	SCANNER_BUSY,
	SCANNER_DYING /* killed; until its channel is at its end */
};

/* A number with its directory, and the scanner that has it. */
struct scanner {
	struct source source; /* the channel, or when it is dying the process */
	enum scanner_state state;
	struct database *database;
	unsigned number;
	int process; /* pidfd, so that no other process is killed; or -1 */
	uint64_t scans;
	struct job *job;
	int64_t deadline;   /* of the job, or of the answer to the question */
	int64_t temp_check; /* when the directory is looked at again */
};

enum database_state {
	DATABASE_NONE,
	DATABASE_LOADING,
	DATABASE_READY,
	DATABASE_RETIRED /* until its last job is done */
};

struct database {
	struct source source; /* the nursery's channel */
	enum database_state state;
	struct nursery nursery;
	struct nursery_settings settings; /* with a directory of its own, */
	char temp[PATH_MAX];              /* which is this */
	struct snapshot snapshot;
	bool again; /* it was loaded before, and what came then is no good */
	uint64_t memory;
	bool mail_profile;
	int64_t since;
};

struct desk {
	const struct desk_settings *settings;
	int epoll;
	struct source signals, listener;
	bool listening;
	bool stopping;
	int64_t stop_by;
	int64_t next_turn;   /* even if nothing happens */
	int64_t next_accept; /* not before */
	char *input;         /* DESK_INPUT_SIZE octets */

	struct client *clients, *gone_clients;
	size_t client_count;

	struct job *queue, **queue_end;
	size_t queue_length;
	struct report report;

	struct scanner *scanners; /* so many for each database */
	size_t scanner_count;
	unsigned stillborn; /* that died before they did anything, in a row */
	int64_t next_ask;   /* for one, after that */

	struct database databases[DESK_DATABASES];
	struct database *current; /* that is ready, or NULL */
	char version[REPORT_NAME_MAX + 1];
	struct snapshot good;    /* worked last, if there is no current */
	struct snapshot wanted;  /* to be loaded when swapping is possible */
	struct snapshot refused; /* could not be loaded */
	bool swapping;
	bool started; /* there was a current one */
	bool reload_wanted;
	bool reload_forced; /* the same files, too */
	bool check_failed;  /* and it was said */
	int64_t next_check;
	int64_t next_start; /* of a nursery, when there is no current */
	int64_t pause;      /* until the next start but one */
};

/* clients.c */
void clients_begin(struct desk *desk, int fd, bool kept);
void clients_event(struct desk *desk, struct client *client, unsigned events);
/* Adds to what is to be sent; id: of the command in a session, or 0. */
void clients_say(
    struct desk *desk, struct client *client, uint64_t id, struct span text);
/* Ends those whose time is over; returns when the next one's is. */
int64_t clients_sweep(struct desk *desk, int64_t now);
/* Ends somebody who may be ended, if there is one, for another one. */
void clients_make_room(struct desk *desk);
bool clients_may_make_room(const struct desk *desk);
/* Ends those that wait for nothing. */
void clients_stop(struct desk *desk);
void clients_end(struct desk *desk);
void clients_free_gone(struct desk *desk);

/* talk.c */
void talk_obey(
    struct desk *desk, struct client *client, const struct request *request);
/* A command of clamd has been answered: that was all but in a session. */
void talk_end_command(struct client *client);

/* jobs.c */
/* 0, or -1 with errno; EFBIG if it would be larger than max. */
int stream_add(struct stream *stream, struct span octets, uint64_t max);
void stream_end(struct stream *stream);
/* Puts a job in the queue.  fd is its from here on.  It is answered at once if
 * the queue is full. */
void job_add(struct desk *desk, struct client *client, const struct job *what);
/* Answers what cannot become a job. */
void job_refuse(struct desk *desk, struct client *client,
    const struct job *what, const char *why);
/* The first one of the queue, or NULL. */
struct job *job_take(struct desk *desk);
/* Back to where it was taken from. */
void job_give_back(struct desk *desk, struct job *job);
/* Answers with desk->report and frees it. */
void job_done(struct desk *desk, struct job *job, const struct database *by);
/* Answers with an error and frees it. */
void job_failed(struct desk *desk, struct job *job, const char *why);
/* Ends those that wait too long; returns when the next one does. */
int64_t jobs_sweep(struct desk *desk, int64_t now);
/* A client has gone. */
void jobs_forget(struct desk *desk, const struct client *client);

/* scanners.c */
void scanners_init(struct desk *desk);
/* Asks for more scanners if there is work for them. */
void scanners_fill(struct desk *desk);
void scanner_arrived(struct desk *desk, struct database *database,
    const struct nursery_event *event);
void scanner_event(struct desk *desk, struct scanner *scanner);
/* An idle one of the current database, or NULL. */
struct scanner *scanner_idle(struct desk *desk);
/* Gives it a job; false if it turns out to be dead. */
bool scanner_begin(struct desk *desk, struct scanner *scanner, struct job *job);
/* How many are in that state; database NULL: of any. */
size_t scanners_count(const struct desk *desk, const struct database *database,
    enum scanner_state state);
/* Its database is wanted no more: neither are they; what they do fails. */
void scanners_end(
    struct desk *desk, const struct database *database, const char *why);
/* Those that have nothing to do. */
void scanners_end_idle(struct desk *desk, const struct database *database);
/* Kills those that take too long or too much; returns when to look again. */
int64_t scanners_sweep(struct desk *desk, int64_t now);
/* Waits for the end of those that were killed. */
void scanners_wait(struct desk *desk);

/* databases.c */
void databases_start(struct desk *desk);
void database_event(struct desk *desk, struct database *database);
/* Has the directory looked at now; forced: loads what is there in any case. */
void databases_reload(struct desk *desk, bool forced);
/* Does what is due; returns when there is more to do. */
int64_t databases_sweep(struct desk *desk, int64_t now);
void databases_stop(struct desk *desk);

/* temps.c */
/* Makes the directory, or empties it.  0, or -1 with errno. */
int temp_prepare(const char *path);
/* Whether more than max octets are in there, or too many files to count. */
bool temp_is_over(const char *path, uint64_t max);
/* Removes it with all that is in it.  0, or -1 with errno. */
int temp_remove(const char *path);

#endif
