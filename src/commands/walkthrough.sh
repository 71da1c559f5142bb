API={url}/api/v1
get() { sed -E "s/.*\"$1\":\"?([^\",}]*).*/\1/"; }
json='Content-Type: application/json'

# 1. a user, and a token: the first in line is admitted at once
me=$(curl -s $API/users -H "$json" -d '{"name":"Kim"}'); echo "$me"
id=$(echo "$me" | get userId); key=$(echo "$me" | get userKey)
token=$(curl -s $API/queue/tokens -H "$json" -d "{\"userId\":\"$id\",\"userKey\":\"$key\"}" | get token)
auth="Authorization: Bearer $token"
curl -s $API/queue/token -H "$auth"; echo

# 2. the dates, and the seats of the first
curl -s $API/concerts/{concert}/schedules -H "$auth"; echo
curl -s $API/schedules/{schedule}/seats -H "$auth" | cut -c 1-200; echo

# 3. hold seat 12
held=$(curl -s $API/reservations -H "$auth" -H "$json" -d '{"scheduleId":{schedule},"seats":["12"]}'); echo "$held"
reservation=$(echo "$held" | get reservationId)

# 4. points: read, top up
curl -s $API/users/$id/balance -H "$auth"; echo
curl -s $API/users/$id/balance/top-ups -H "$auth" -H "$json" -d '{"amount":60000}'; echo

# 5. pay: the seat is yours, the token has done its work; what is one's own is read with id and key
curl -s $API/payments -H "$auth" -H "$json" -d "{\"reservationId\":\"$reservation\",\"amount\":50000}"; echo
curl -s $API/reservations/$reservation -u $id:$key; echo
