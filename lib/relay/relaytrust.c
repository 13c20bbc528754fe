/*
 * Which relays are trusted: the fields are read from the top, where our own
 * machines wrote, until one tells of a machine that is not ours.  What that
 * machine and those before it wrote may be a lie.
 */
#include "base/buf.h"
#include "relay/relayip.h"
#include "relay/relaynet.h"
#include "relay/relayparse.h"
#include "text/words.h"

#define TEXT_MAX (4 << 20) /* of all relays, in octets */

/* Where the reading of a header is. */
struct reading {
	struct mail *mail;
	struct relays *relays;
	const struct relay_networks *networks;
	bool in_trusted;
	bool in_internal;
	bool found_msa; /* all that comes before it is trusted, too */
	bool fetched;   /* marks of a mailbox may be believed */
	struct span scanner_from;
};

/* Without networks: private addresses, and those who logged in. */
static void
infer(struct reading *reading, const struct relay *relay)
{
	if (!relay->is_private && relay->auth.len == 0)
		reading->in_trusted = reading->in_internal = false;
}

static void
look_up(struct reading *reading, struct relay *relay)
{
	const struct relay_networks *networks = reading->networks;
	/* one kind stands for the other if that is all there is */
	char trusted = relay_networks_has(networks, 't') ? 't' : 'i';
	char internal = relay_networks_has(networks, 'i') ? 'i' : 't';
	bool auth = relay->auth.len > 0;

	if (!auth && !relay_networks_contain(networks, trusted, relay->ip)) {
		reading->in_trusted = reading->in_internal = false;
		return;
	}
	if (!auth && !relay_networks_contain(networks, internal, relay->ip))
		reading->in_internal = false;
	if (relay_networks_contain(networks, 'm', relay->ip)) {
		reading->found_msa = true;
		relay->is_msa = true;
	}
}

static void
add(struct reading *reading, struct relay *relay, size_t field)
{
	struct relays *relays = reading->relays;

	if (reading->scanner_from.len > 0)
		relay->envfrom = reading->scanner_from;
	if (reading->in_trusted && !reading->found_msa) {
		if (relay_networks_has(reading->networks, 't') ||
		    relay_networks_has(reading->networks, 'i'))
			look_up(reading, relay);
		else
			infer(reading, relay);
	}
	relay->field = field;
	relays->list[relays->count++] = *relay;
	reading->fetched = reading->in_trusted;
	if (reading->in_trusted) {
		relays->trusted++;
		relays->last_trusted_field = field;
	}
	if (reading->in_internal) {
		relays->internal++;
		relays->last_internal_field = field;
	}
}

static void
read_field(struct reading *reading, struct span value, size_t field)
{
	struct relays *relays = reading->relays;
	struct relay relay;
	enum relay_result result =
	    relay_parse(&reading->mail->arena, value, &relay);
	struct span sender = {NULL, 0};

	if (result == RELAY_KNOWN) {
		add(reading, &relay, field);
		reading->scanner_from = sender;
		return;
	}
	if (result == RELAY_UNKNOWN) {
		relays->unparseable = true;
		relays->unparseable_count++;
	}
	/* it was in a mailbox already: what is above is of no interest */
	if (result == RELAY_FETCHED && reading->fetched)
		relays->count = relays->trusted = relays->internal = 0;
	if (result == RELAY_SCANNER)
		sender = relay.envfrom;
	reading->scanner_from = sender;
	if (reading->in_trusted)
		relays->last_trusted_field = field;
	if (reading->in_internal)
		relays->last_internal_field = field;
}

static void
add_text(struct buf *buf, const struct relay *relay, bool internal)
{
	buf_adds(buf, "[ ip=");
	buf_addspan(buf, relay->ip);
	buf_adds(buf, " rdns=");
	buf_addspan(buf, relay->rdns);
	buf_adds(buf, " helo=");
	buf_addspan(buf, relay->helo);
	buf_adds(buf, " by=");
	buf_addspan(buf, relay->by);
	buf_adds(buf, " ident=");
	buf_addspan(buf, relay->ident);
	buf_adds(buf, " envfrom=");
	buf_addspan(buf, relay->envfrom);
	buf_adds(buf, internal ? " intl=1 id=" : " intl=0 id=");
	buf_addspan(buf, relay->id);
	buf_adds(buf, " auth=");
	buf_addspan(buf, relay->auth);
	buf_adds(buf, relay->is_msa ? " msa=1 ]" : " msa=0 ]");
}

/* All relays in one text, in which the trusted and internal ones stand in
 * front: ends[] has where the n-th ends. */
static void
make_texts(struct mail *mail, struct relays *relays)
{
	struct buf buf = BUF_INIT(TEXT_MAX);
	size_t *ends =
	    arena_array(&mail->arena, relays->count + 1, sizeof(*ends));
	size_t i, t = relays->trusted, n = relays->internal;
	struct span text;

	for (i = 0; i < relays->count; i++) {
		if (i > 0)
			buf_adds(&buf, " ");
		add_text(&buf, &relays->list[i], i < n);
		ends[i + 1] = buf.len;
	}
	text = arena_copy(&mail->arena, buf_span(&buf));
	buf_free(&buf);
	relays->trusted_text = (struct span){text.p, ends[t]};
	relays->internal_text = (struct span){text.p, ends[n]};
	relays->untrusted_text = span_from(text, t > 0 ? ends[t] + 1 : 0);
	relays->external_text = span_from(text, n > 0 ? ends[n] + 1 : 0);
}

/* The first address in the topmost field of that name; p NULL if none. */
static struct span
address_of(struct mail *mail, const char *name)
{
	const struct mail_field *field = mail_first(&mail->root.header, name);
	struct span none = {NULL, 0};
	struct mailbox *list;
	size_t i, count;

	if (field == NULL)
		return none;
	count = words_mailboxes(&mail->arena, field->raw, 10, &list);
	for (i = 0; i < count; i++)
		if (list[i].address.p != NULL)
			return list[i].address;
	return none;
}

/* "" is an address, too: that of a bounce. */
static bool
is_sender(struct span text)
{
	const char *at;

	if (text.p == NULL)
		return false;
	at = memchr(text.p, '@', text.len);
	return text.len == 0 || (at != NULL && at > text.p);
}

/* Whether a field of that name stands below a Received field, so that another
 * machine may have written it. */
static bool
is_below(struct mail *mail, const char *name)
{
	const struct mail_header *header = &mail->root.header;
	const struct mail_field *received = mail_first(header, "Received");
	const struct mail_field *last = mail_last(header, name);

	return received != NULL && last != NULL && last > received;
}

/* What fetchmail says of the sender is a guess when a list has kept the real
 * one. */
static bool
is_guess(struct mail *mail)
{
	struct span sender = address_of(mail, "X-Sender");
	const struct mail_field *field;
	size_t at = 0;

	if (sender.p == NULL || memchr(sender.p, '@', sender.len) == NULL)
		return false;
	while ((field = mail_next(&mail->root.header, "Received", &at)))
		if (relay_has(field->value, "(fetchmail"))
			return true;
	return false;
}

/* By fields that servers put on top of what they deliver. */
static struct span
sender_of_fields(struct mail *mail)
{
	static const char *const names[] = {
	    "X-Envelope-From", "Envelope-Sender", "Return-Path"};
	struct span none = {NULL, 0}, sender;
	size_t i;

	if (is_guess(mail))
		return none;
	for (i = 0; i < nitems(names); i++) {
		sender = address_of(mail, names[i]);
		if (sender.p == NULL)
			continue;
		if (!is_below(mail, names[i]))
			return sender;
		if (i == 0)
			break;
	}
	return none;
}

static struct span
find_sender(struct mail *mail, const struct relays *relays, struct span names)
{
	struct span sender = mail->envelope.sender, word;
	char name[MAIL_NAME_MAX + 1];
	size_t last = relays->trusted;

	if (sender.p != NULL)
		return sender;
	if (span_trim(names).len > 0) {
		while ((word = span_word(&names)).len > 0) {
			if (word.len >= sizeof(name))
				continue;
			memcpy(name, word.p, word.len);
			name[word.len] = '\0';
			sender = address_of(mail, name);
			if (is_sender(sender))
				return sender;
		}
		return (struct span){NULL, 0};
	}
	/* he who handed it to a trusted one, or the first of all */
	if (last == relays->count && last > 0)
		last--;
	if (last < relays->count && is_sender(relays->list[last].envfrom))
		return relays->list[last].envfrom;
	return sender_of_fields(mail);
}

/* Fields that tell where a message was written count as if whoever wrote them
 * had written a Received field. */
static void
read_origins(struct reading *reading)
{
	struct mail *mail = reading->mail;
	const struct mail_header *header = &mail->root.header;
	const struct mail_field *field;
	struct buf line = BUF_INIT(256);
	const char *name;
	struct span ip;
	size_t i;

	for (i = 0; (name = relay_networks_origin(reading->networks, i)); i++) {
		field = mail_last(header, name);
		if (field == NULL)
			continue;
		ip = relay_find_ip(field->value);
		if (ip.p == NULL)
			continue;
		buf_reset(&line);
		buf_adds(&line, RELAY_ORIGIN);
		buf_addspan(&line, ip);
		read_field(reading, arena_copy(&mail->arena, buf_span(&line)),
		    header->count - 1);
	}
	buf_free(&line);
}

void
relays_read(struct mail *mail, const struct relay_networks *networks,
    struct span envelope_headers)
{
	struct relays *relays = arena_alloc(&mail->arena, sizeof(*relays));
	const struct mail_header *header = &mail->root.header;
	struct reading reading = {.mail = mail,
	    .relays = relays,
	    .networks = networks,
	    .in_trusted = true,
	    .in_internal = true,
	    .fetched = true};
	const struct mail_field *field;
	size_t at = 0, count = 0;

	relays->last_trusted_field = relays->last_internal_field = SIZE_MAX;
	while (mail_next(header, "Received", &at) != NULL)
		count++;
	if (count > RELAYS_MAX)
		count = RELAYS_MAX;
	relays->list = arena_array(
	    &mail->arena, count + RELAY_ORIGINS_MAX, sizeof(*relays->list));
	for (at = 0; count > 0; count--) {
		field = mail_next(header, "Received", &at);
		read_field(
		    &reading, field->value, (size_t)(field - header->fields));
	}
	read_origins(&reading);
	make_texts(mail, relays);
	relays->envelope_from = find_sender(mail, relays, envelope_headers);
	mail->relays = relays;
}
