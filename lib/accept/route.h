/*
 * route: where accepted mail goes.
 */
#ifndef ACCEPT_ROUTE_H
#define ACCEPT_ROUTE_H

enum accept_route { ROUTE_LOCAL, ROUTE_BACKUP, ROUTE_COUNT };

#endif
