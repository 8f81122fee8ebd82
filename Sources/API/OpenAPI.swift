/// `/openapi.json`: what the doors take and give. A test holds it against `Route.all`, and every status that the tests see
/// must stand here.
enum OpenAPI {
    static let document = Array(text.utf8)

    private static let text = #"""
        {
          "openapi": "3.1.0",
          "info": {
            "title": "paidan",
            "version": "1",
            "description": "Dispatch for an electric power utility. The same routes are served on the Unix socket and on TCP. HEAD is answered wherever GET is. One connection may have its limits: a request's head must come within 30 seconds, a body may pause for 30 seconds in all. An address that no route has gives 404, another method 405, a broken address or parameter 400; an encoded body (gzip) 415; a head that can't be parsed 400 or 431; a body that comes too slowly 408."
          },
          "paths": {
            "/v1/inputs": {
              "post": {
                "summary": "Takes in reports, progress, crew signals, customers' facts, outages and readings. Answered after the commit: what is accepted is on disk.",
                "requestBody": {
                  "required": true,
                  "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/Input" } },
                    "application/x-ndjson": { "schema": { "type": "string", "description": "One input a line, of 1 MiB at most; the body may be of any length and is taken in as it comes." } }
                  }
                },
                "responses": {
                  "200": {
                    "description": "JSON: accepted, or a duplicate with its first receipt. JSON lines: one receipt a line, in order; where the daemon stops taking lines in, the last line is an ErrorLine.",
                    "content": {
                      "application/json": { "schema": { "$ref": "#/components/schemas/Receipt" } },
                      "application/x-ndjson": { "schema": { "oneOf": [ { "$ref": "#/components/schemas/Receipt" }, { "$ref": "#/components/schemas/ErrorLine" } ] } }
                    }
                  },
                  "400": { "$ref": "#/components/responses/Error" },
                  "403": { "$ref": "#/components/responses/Foreign" },
                  "408": { "$ref": "#/components/responses/Error" },
                  "409": { "$ref": "#/components/responses/Receipt" },
                  "413": { "$ref": "#/components/responses/Error" },
                  "422": { "$ref": "#/components/responses/Receipt" },
                  "500": { "$ref": "#/components/responses/Error" },
                  "503": { "$ref": "#/components/responses/Later" },
                  "507": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/tasks": {
              "get": {
                "summary": "Tasks, most urgent first.",
                "parameters": [
                  { "name": "department", "in": "query", "schema": { "type": "string" } },
                  { "name": "crew", "in": "query", "schema": { "type": "string" } },
                  { "name": "state", "in": "query", "description": "May come more than once, or as a list with commas.", "explode": true, "schema": { "type": "array", "items": { "$ref": "#/components/schemas/State" } } },
                  { "name": "all", "in": "query", "description": "With the finished ones.", "schema": { "type": "boolean", "default": false } },
                  { "name": "limit", "in": "query", "schema": { "type": "integer", "minimum": 1, "maximum": 100000, "default": 1000 } }
                ],
                "responses": {
                  "200": {
                    "description": "JSON lines where Accept asks for application/x-ndjson.",
                    "content": {
                      "application/json": { "schema": { "type": "array", "items": { "$ref": "#/components/schemas/Task" } } },
                      "application/x-ndjson": { "schema": { "$ref": "#/components/schemas/Task" } }
                    }
                  },
                  "400": { "$ref": "#/components/responses/Error" },
                  "500": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/tasks/{id}": {
              "parameters": [ { "$ref": "#/components/parameters/Task" } ],
              "get": {
                "summary": "One task with its history.",
                "responses": {
                  "200": { "description": "The task.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Task" } } } },
                  "400": { "$ref": "#/components/responses/Error" },
                  "404": { "$ref": "#/components/responses/Error" },
                  "500": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/tasks/{id}/why": {
              "parameters": [ { "$ref": "#/components/parameters/Task" } ],
              "get": {
                "summary": "Why the task went where it went: rule, conditions with their values, candidates.",
                "responses": {
                  "200": { "description": "The trace that was stored with the decision.", "content": { "application/json": { "schema": { "type": "object" } } } },
                  "400": { "$ref": "#/components/responses/Error" },
                  "404": { "$ref": "#/components/responses/Error" },
                  "500": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/tasks/{id}/progress": {
              "parameters": [ { "$ref": "#/components/parameters/Task" } ],
              "post": {
                "summary": "What a crew or a duty engineer says about the task: an input of kind progress.",
                "requestBody": { "required": true, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Progress" } } } },
                "responses": {
                  "200": { "$ref": "#/components/responses/Receipt" },
                  "400": { "$ref": "#/components/responses/Error" },
                  "403": { "$ref": "#/components/responses/Foreign" },
                  "404": { "$ref": "#/components/responses/Error" },
                  "408": { "$ref": "#/components/responses/Error" },
                  "409": { "$ref": "#/components/responses/Receipt" },
                  "413": { "$ref": "#/components/responses/Error" },
                  "422": { "$ref": "#/components/responses/Receipt" },
                  "500": { "$ref": "#/components/responses/Error" },
                  "503": { "$ref": "#/components/responses/Later" },
                  "507": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/reports/{id}": {
              "parameters": [
                { "name": "id", "in": "path", "required": true, "description": "The sender's own number of what was sent in.", "schema": { "type": "string" } }
              ],
              "get": {
                "summary": "What came of something that was sent in: its receipt, and where its tasks or its case stand. One object for each source that used the id.",
                "parameters": [ { "name": "source", "in": "query", "schema": { "type": "string" } } ],
                "responses": {
                  "200": { "description": "One object for each source.", "content": { "application/json": { "schema": { "type": "array", "items": { "$ref": "#/components/schemas/ReportStatus" } } } } },
                  "400": { "$ref": "#/components/responses/Error" },
                  "404": { "$ref": "#/components/responses/Error" },
                  "500": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/cases": {
              "get": {
                "summary": "Cases (applications), the nearest deadline first.",
                "parameters": [
                  { "name": "process", "in": "query", "description": "As module.name.", "schema": { "type": "string" } },
                  { "name": "customer", "in": "query", "schema": { "type": "string" } },
                  { "name": "state", "in": "query", "description": "May come more than once, or as a list with commas.", "explode": true, "schema": { "type": "array", "items": { "$ref": "#/components/schemas/CaseState" } } },
                  { "name": "all", "in": "query", "description": "With those that are completed or withdrawn.", "schema": { "type": "boolean", "default": false } },
                  { "name": "limit", "in": "query", "schema": { "type": "integer", "minimum": 1, "maximum": 100000, "default": 1000 } }
                ],
                "responses": {
                  "200": {
                    "description": "JSON lines where Accept asks for application/x-ndjson.",
                    "content": {
                      "application/json": { "schema": { "type": "array", "items": { "$ref": "#/components/schemas/Case" } } },
                      "application/x-ndjson": { "schema": { "$ref": "#/components/schemas/Case" } }
                    }
                  },
                  "400": { "$ref": "#/components/responses/Error" },
                  "500": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/cases/{id}": {
              "parameters": [ { "$ref": "#/components/parameters/Case" } ],
              "get": {
                "summary": "One case: its stages, what comes next, what is missing, where it stands in words, and its history.",
                "responses": {
                  "200": { "description": "The case.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Case" } } } },
                  "400": { "$ref": "#/components/responses/Error" },
                  "404": { "$ref": "#/components/responses/Error" },
                  "500": { "$ref": "#/components/responses/Error" }
                }
              },
              "post": {
                "summary": "What is said of the case as a whole: an input of kind case.",
                "requestBody": { "required": true, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/CaseSignal" } } } },
                "responses": {
                  "200": { "$ref": "#/components/responses/Receipt" },
                  "400": { "$ref": "#/components/responses/Error" },
                  "403": { "$ref": "#/components/responses/Foreign" },
                  "404": { "$ref": "#/components/responses/Error" },
                  "408": { "$ref": "#/components/responses/Error" },
                  "409": { "$ref": "#/components/responses/Receipt" },
                  "413": { "$ref": "#/components/responses/Error" },
                  "422": { "$ref": "#/components/responses/Receipt" },
                  "500": { "$ref": "#/components/responses/Error" },
                  "503": { "$ref": "#/components/responses/Later" },
                  "507": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/outages": {
              "get": {
                "summary": "Known interruptions of supply, by when they begin; with all=true those that are over, too.",
                "parameters": [ { "name": "all", "in": "query", "schema": { "type": "boolean", "default": false } } ],
                "responses": {
                  "200": {
                    "description": "JSON lines where Accept asks for application/x-ndjson.",
                    "content": {
                      "application/json": { "schema": { "type": "array", "items": { "type": "object" } } },
                      "application/x-ndjson": { "schema": { "type": "object" } }
                    }
                  },
                  "400": { "$ref": "#/components/responses/Error" },
                  "500": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/districts": {
              "get": {
                "summary": "Every district of the site: open and waiting work, crews on duty and free, who is lent, its load and supply where they are measured.",
                "responses": {
                  "200": {
                    "description": "JSON lines where Accept asks for application/x-ndjson.",
                    "content": {
                      "application/json": { "schema": { "type": "array", "items": { "type": "object" } } },
                      "application/x-ndjson": { "schema": { "type": "object" } }
                    }
                  },
                  "400": { "$ref": "#/components/responses/Error" },
                  "500": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/contractors": {
              "get": {
                "summary": "Every contractor and supplier of the roster: tier, rating, works, licences, what bars them.",
                "responses": {
                  "200": {
                    "description": "JSON lines where Accept asks for application/x-ndjson.",
                    "content": {
                      "application/json": { "schema": { "type": "array", "items": { "type": "object" } } },
                      "application/x-ndjson": { "schema": { "type": "object" } }
                    }
                  },
                  "400": { "$ref": "#/components/responses/Error" },
                  "500": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/devices": {
              "get": {
                "summary": "Devices at which a rule is not quiet; with all=true every one that has shown anything.",
                "parameters": [ { "name": "all", "in": "query", "schema": { "type": "boolean", "default": false } } ],
                "responses": {
                  "200": {
                    "description": "JSON lines where Accept asks for application/x-ndjson.",
                    "content": {
                      "application/json": { "schema": { "type": "array", "items": { "type": "object" } } },
                      "application/x-ndjson": { "schema": { "type": "object" } }
                    }
                  },
                  "400": { "$ref": "#/components/responses/Error" },
                  "500": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/devices/{id}": {
              "parameters": [ { "name": "id", "in": "path", "required": true, "description": "The device's name in its register.", "schema": { "type": "string" } } ],
              "get": {
                "summary": "What a device shows, and what the rules that watch it make of that.",
                "responses": {
                  "200": { "description": "The device.", "content": { "application/json": { "schema": { "type": "object" } } } },
                  "400": { "$ref": "#/components/responses/Error" },
                  "404": { "$ref": "#/components/responses/Error" },
                  "500": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/customers/{id}": {
              "parameters": [ { "name": "id", "in": "path", "required": true, "description": "The account.", "schema": { "type": "string" } } ],
              "get": {
                "summary": "What is known of a customer: facts, habits, what was counted, what the rules make of it.",
                "responses": {
                  "200": { "description": "The customer.", "content": { "application/json": { "schema": { "type": "object" } } } },
                  "400": { "$ref": "#/components/responses/Error" },
                  "404": { "$ref": "#/components/responses/Error" },
                  "500": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/crews": {
              "get": {
                "summary": "Every crew of the roster.",
                "responses": {
                  "200": {
                    "description": "JSON lines where Accept asks for application/x-ndjson.",
                    "content": {
                      "application/json": { "schema": { "type": "array", "items": { "type": "object" } } },
                      "application/x-ndjson": { "schema": { "type": "object" } }
                    }
                  },
                  "400": { "$ref": "#/components/responses/Error" },
                  "500": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/crews/{id}": {
              "parameters": [ { "name": "id", "in": "path", "required": true, "description": "The crew's name.", "schema": { "type": "string" } } ],
              "post": {
                "summary": "A crew's duty or position: an input of kind crew.",
                "requestBody": { "required": true, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/CrewSignal" } } } },
                "responses": {
                  "200": { "$ref": "#/components/responses/Receipt" },
                  "400": { "$ref": "#/components/responses/Error" },
                  "403": { "$ref": "#/components/responses/Foreign" },
                  "408": { "$ref": "#/components/responses/Error" },
                  "409": { "$ref": "#/components/responses/Receipt" },
                  "413": { "$ref": "#/components/responses/Error" },
                  "422": { "$ref": "#/components/responses/Receipt" },
                  "500": { "$ref": "#/components/responses/Error" },
                  "503": { "$ref": "#/components/responses/Later" },
                  "507": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/figures": {
              "get": {
                "summary": "What was done in a time: processes and stages, where time goes, what was late, SAIDI, SAIFI and CAIDI, by department, crew, district, tier and contractor.",
                "parameters": [
                  { "name": "since", "in": "query", "description": "A length of time before now (7d), a date (2026-11-22), or an RFC 3339 time.", "schema": { "type": "string", "default": "30d" } },
                  { "name": "until", "in": "query", "description": "The same; now if not given. What is open is told only where it is now.", "schema": { "type": "string" } },
                  { "name": "format", "in": "query", "schema": { "enum": ["human", "json", "html"], "default": "json" } }
                ],
                "responses": {
                  "200": {
                    "description": "One object; tables as text; or one page that needs nothing from elsewhere.",
                    "content": {
                      "application/json": { "schema": { "type": "object", "required": ["since", "until", "tasks", "cases", "costs", "processes", "reliability", "notes"] } },
                      "text/plain": { "schema": { "type": "string" } },
                      "text/html": { "schema": { "type": "string" } }
                    }
                  },
                  "400": { "$ref": "#/components/responses/Error" },
                  "500": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/status": {
              "get": {
                "summary": "The daemon at a glance.",
                "responses": {
                  "200": { "description": "One object.", "content": { "application/json": { "schema": { "type": "object" } } } },
                  "400": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/reload": {
              "post": {
                "summary": "Reads, checks and tests the rules on disk, and puts them in force or refuses them whole. On the Unix socket alone.",
                "responses": {
                  "200": {
                    "description": "In force.",
                    "content": {
                      "application/json": {
                        "schema": {
                          "type": "object",
                          "required": ["status", "hash", "warnings"],
                          "properties": { "status": { "const": "loaded" }, "hash": { "type": "string" }, "warnings": { "type": "array", "items": { "type": "string" } } }
                        }
                      }
                    }
                  },
                  "400": { "$ref": "#/components/responses/Error" },
                  "403": { "description": "On TCP, and from a page of another site.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } } },
                  "422": {
                    "description": "Refused: the old rules stay. The diagnostics as text, or as Accept asks.",
                    "content": {
                      "text/plain": { "schema": { "type": "string" } },
                      "application/json": { "schema": { "type": "object", "required": ["error", "diagnostics"], "properties": { "error": { "$ref": "#/components/schemas/What" }, "diagnostics": { "type": "array", "items": { "type": "object" } } } } },
                      "application/x-ndjson": { "schema": { "type": "object" } }
                    }
                  }
                }
              }
            },
            "/healthz": {
              "get": {
                "summary": "Whether the daemon can do its work.",
                "responses": {
                  "200": { "description": "It can; reasons name what is degraded.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Health" } } } },
                  "503": { "description": "It can't; reasons say why.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Health" } } } }
                }
              }
            },
            "/metrics": {
              "get": {
                "summary": "Metrics for Prometheus and its kin.",
                "responses": { "200": { "description": "OpenMetrics text.", "content": { "application/openmetrics-text; version=1.0.0; charset=utf-8": { "schema": { "type": "string" } } } } }
              }
            },
            "/openapi.json": {
              "get": {
                "summary": "This description.",
                "responses": { "200": { "description": "OpenAPI 3.1.", "content": { "application/json": { "schema": { "type": "object" } } } } }
              }
            }
          },
          "components": {
            "parameters": {
              "Task": { "name": "id", "in": "path", "required": true, "description": "A task's number, as T-20261122-17.", "schema": { "type": "string", "pattern": "^T-[1-9][0-9]{7}-[1-9][0-9]*$" } },
              "Case": { "name": "id", "in": "path", "required": true, "description": "A case's number, as C-20261122-3.", "schema": { "type": "string", "pattern": "^C-[1-9][0-9]{7}-[1-9][0-9]*$" } }
            },
            "responses": {
              "Error": { "description": "What went wrong.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } } },
              "Foreign": { "description": "The request comes from a page of another site.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } } },
              "Later": { "description": "Nothing was taken in; send it again later.", "headers": { "Retry-After": { "description": "Seconds.", "schema": { "type": "integer" } } }, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } } },
              "Receipt": { "description": "The receipt; its status says what came of the input.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Receipt" } } } }
            },
            "schemas": {
              "Input": {
                "type": "object",
                "description": "At most 1 MiB. source (default: socket or http, after the door) and id make the idempotency key; without an id the content is the key.",
                "properties": { "kind": { "enum": ["report", "progress", "crew", "customer", "case", "outage", "contractor", "reading"], "default": "report" }, "id": { "type": "string" }, "source": { "type": "string" } },
                "anyOf": [
                  { "$ref": "#/components/schemas/Report" }, { "$ref": "#/components/schemas/Customer" }, { "$ref": "#/components/schemas/Outage" }, { "$ref": "#/components/schemas/Contractor" },
                  { "$ref": "#/components/schemas/Reading" },
                  { "allOf": [ { "$ref": "#/components/schemas/Progress" }, { "required": ["task"], "properties": { "task": { "type": "string" } } } ] },
                  { "allOf": [ { "$ref": "#/components/schemas/CaseSignal" }, { "required": ["case"], "properties": { "case": { "type": "string" } } } ] },
                  { "allOf": [ { "$ref": "#/components/schemas/CrewSignal" }, { "required": ["crew"], "properties": { "crew": { "type": "string" } } } ] }
                ]
              },
              "Report": {
                "type": "object",
                "description": "A fault, an application, a complaint or an inquiry. Values are those that site.yaml declares; a key that is not here is left out, and the receipt says so.",
                "required": ["type"],
                "properties": {
                  "kind": { "const": "report" }, "id": { "type": "string" }, "source": { "type": "string" }, "type": { "type": "string" }, "category": { "type": "string" },
                  "reported_at": { "type": "string", "format": "date-time" }, "customer": { "type": "string", "description": "The account." },
                  "place": { "type": "object", "properties": { "lat": { "type": "number" }, "lon": { "type": "number" }, "address": { "type": "string" }, "district": { "type": "string" } } },
                  "site": { "type": "string" }, "voltage": { "type": "string" }, "urgency": { "type": "string" }, "feeder": { "type": "string" }, "transformer": { "type": "string" },
                  "customers_out": { "type": "integer", "minimum": 0 }, "capacity_kva": { "type": "number", "minimum": 0 }, "description": { "type": "string", "description": "What the caller says." },
                  "fields": { "type": "object", "description": "The site's own fields (site.yaml, fields: report:)." },
                  "documents": { "type": "array", "items": { "type": "string" }, "description": "Of an application: the codes of those handed in." },
                  "about": { "type": "string", "description": "Of a complaint or an inquiry: the task, case or crew that it is about." }
                }
              },
              "Customer": {
                "type": "object",
                "description": "What billing knows of a customer. Facts take the place of those known before; each month takes the place of what was known of it.",
                "required": ["kind", "customer"],
                "properties": {
                  "kind": { "const": "customer" }, "id": { "type": "string" }, "source": { "type": "string" }, "customer": { "type": "string" },
                  "facts": { "type": "object" },
                  "consumption": { "type": "object", "description": "kWh by month, as in {\"2026-10\": 412000}.", "additionalProperties": { "type": "number", "minimum": 0 } },
                  "payments": { "type": "object", "description": "By month: days late, 0 in time, or \"unpaid\".", "additionalProperties": { "type": ["integer", "string"] } },
                  "event": { "enum": ["record", "forget"], "default": "record", "description": "forget: all that is personal goes, and what was learned of them." }
                }
              },
              "Outage": {
                "type": "object",
                "description": "A known interruption of supply. Announced again under the same name it takes the place of what was said before.",
                "required": ["kind"],
                "properties": {
                  "kind": { "const": "outage" }, "id": { "type": "string" }, "source": { "type": "string" },
                  "outage": { "type": "string", "description": "Its name; without one, the id of this input." },
                  "event": { "enum": ["planned", "ended", "cancelled"], "default": "planned" },
                  "type": { "enum": ["planned", "temporary", "fault"], "default": "planned", "description": "By it goes how long before whom it concerns is told." },
                  "feeder": { "type": "string" }, "transformer": { "type": "string", "description": "This area alone." },
                  "from": { "type": "string", "format": "date-time" }, "until": { "type": "string", "format": "date-time" },
                  "customers_out": { "type": "integer", "minimum": 0 }, "reason": { "type": "string", "description": "What callers are told of it." },
                  "at": { "type": "string", "format": "date-time" }
                }
              },
              "Contractor": {
                "type": "object",
                "description": "What a finished job of a contractor or supplier was worth (job and scores), or what else has happened to it (event).",
                "required": ["kind", "contractor"],
                "properties": {
                  "kind": { "const": "contractor" }, "id": { "type": "string" }, "source": { "type": "string" }, "contractor": { "type": "string" },
                  "job": { "type": "string", "description": "A task's number, or a name of the job; the same job again replaces its scores." },
                  "scores": { "type": "object", "additionalProperties": { "type": "number", "minimum": 0, "maximum": 100 }, "description": "By the names that 'ratings' weigh." },
                  "event": { "enum": ["accident", "fraud", "suspend", "exclude", "rectified"] },
                  "until": { "type": "string", "format": "date-time", "description": "With suspend and exclude; without it until rectified." },
                  "at": { "type": "string", "format": "date-time", "description": "When the job was finished, or when it happened." },
                  "by": { "type": "string" }, "note": { "type": "string" }
                }
              },
              "Reading": {
                "type": "object",
                "description": "What a device shows. Telemetry: it replaces the reading before of the same device and quantity, and is no row of the log. Accepted: it is in the state that is written within a second or so. The same device, quantity, instant and value again: duplicate; another value for the instant: conflict; older than the newest: accepted, with a remark that it came too late to count. Refused: more than 10 minutes ahead of our clock, older than a day, a device or quantity that nobody declared, another unit, a value that can't be.",
                "required": ["kind", "device", "quantity", "value", "at"],
                "properties": {
                  "kind": { "const": "reading" }, "id": { "type": "string" }, "source": { "type": "string" },
                  "device": { "type": "string", "description": "A transformer or feeder of the network register, a district, or a device of a module's register." },
                  "quantity": { "type": "string", "description": "As site.yaml declares it (values: quantity:)." },
                  "value": { "type": ["number", "boolean"], "description": "A finite number; true or false of a flag." },
                  "unit": { "type": "string", "description": "The declared one; may be left out." },
                  "at": { "type": "string", "format": "date-time", "description": "When the device measured it." }
                }
              },
              "Progress": {
                "type": "object",
                "required": ["event"],
                "properties": {
                  "event": { "enum": ["accept", "reject", "contact", "enroute", "onsite", "complete", "close", "cancel", "suspend", "resume", "callback", "assign", "priority", "merge", "split"] },
                  "by": { "type": "string" }, "at": { "type": "string", "format": "date-time" }, "note": { "type": "string" }, "outcome": { "type": "string" },
                  "to": { "type": "string", "description": "With assign: a crew, a department or a contractor. With merge: the task that stands for both." },
                  "reports": { "type": "array", "items": { "type": "string" }, "description": "With split: the ids of the reports that get a task of their own." },
                  "priority": { "enum": ["emergency", "high", "normal", "low"] }, "id": { "type": "string" }, "source": { "type": "string" },
                  "fields": { "type": "object", "description": "With complete, of a stage of a case: what was found out, for the stages that follow." },
                  "satisfaction": { "type": "integer", "minimum": 1, "maximum": 5, "description": "With callback or complete." },
                  "solved": { "type": "boolean", "description": "With callback: false opens the task again.", "default": true }
                }
              },
              "CaseSignal": {
                "type": "object",
                "required": ["event"],
                "properties": {
                  "event": { "enum": ["documents", "suspend", "resume", "withdraw", "migrate"] },
                  "documents": { "type": "array", "items": { "type": "string" }, "description": "With documents: their codes." },
                  "fields": { "type": "object", "description": "With documents: what is known better now." },
                  "by": { "type": "string" }, "at": { "type": "string", "format": "date-time" }, "note": { "type": "string" },
                  "id": { "type": "string" }, "source": { "type": "string" }
                }
              },
              "CrewSignal": {
                "type": "object",
                "properties": {
                  "on_duty": { "type": "boolean" }, "serves": { "type": "string", "description": "The district that it serves from here on, or home." },
                  "place": { "type": "object", "properties": { "lat": { "type": "number" }, "lon": { "type": "number" } } },
                  "at": { "type": "string", "format": "date-time" }, "id": { "type": "string" }, "source": { "type": "string" }
                }
              },
              "Receipt": {
                "type": "object",
                "required": ["id", "source", "status", "tasks"],
                "properties": {
                  "id": { "type": "string" }, "source": { "type": "string" }, "status": { "enum": ["accepted", "duplicate", "conflict", "rejected"] },
                  "tasks": { "type": "array", "items": { "type": "string" } }, "case": { "type": "string", "description": "The case that an application opened, or that the input was about." }, "rule": { "type": "string" }, "reason": { "type": "string" },
                  "answer": { "$ref": "#/components/schemas/Text", "description": "What the caller is told in place of a task of their own." },
                  "remarks": { "type": "array", "items": { "type": "string" }, "description": "What to know of an input that was taken all the same: keys that nobody reads, a transformer that nobody knows, that nothing changed." }
                }
              },
              "State": { "enum": ["queued", "dispatched", "accepted", "enroute", "onsite", "suspended", "completed", "closed", "cancelled", "merged"] },
              "Task": { "type": "object", "required": ["id", "state"], "properties": { "id": { "type": "string" }, "state": { "$ref": "#/components/schemas/State" }, "progress": { "$ref": "#/components/schemas/Text" } } },
              "CaseState": { "enum": ["open", "suspended", "completed", "withdrawn"] },
              "Case": { "type": "object", "required": ["id", "state", "stages"], "properties": { "id": { "type": "string" }, "state": { "$ref": "#/components/schemas/CaseState" }, "missing": { "type": "array", "items": { "type": "string" } }, "stages": { "type": "array", "items": { "type": "object" } }, "progress": { "$ref": "#/components/schemas/Text" } } },
              "ReportStatus": { "type": "object", "required": ["receipt", "tasks"], "properties": { "receipt": { "$ref": "#/components/schemas/Receipt" }, "tasks": { "type": "array", "items": { "$ref": "#/components/schemas/Task" } }, "moved_to": { "type": "string", "description": "The task that it is with now, where a duty engineer has moved it (merge, split) since its receipt." }, "case": { "$ref": "#/components/schemas/Case" } } },
              "Text": { "type": "object", "description": "Where it stands, for the one who asked, from the site's texts.", "required": ["zh", "en"], "properties": { "zh": { "type": "string" }, "en": { "type": "string" } } },
              "Health": { "type": "object", "required": ["status", "reasons"], "properties": { "status": { "enum": ["ok", "failing"] }, "reasons": { "type": "array", "items": { "type": "string" } } } },
              "What": { "type": "object", "required": ["what", "why", "do"], "properties": { "what": { "type": "string" }, "why": { "type": "string" }, "do": { "type": "string" } } },
              "Error": { "type": "object", "required": ["error"], "properties": { "error": { "$ref": "#/components/schemas/What" } } },
              "ErrorLine": { "type": "object", "required": ["line", "error"], "properties": { "line": { "type": "integer", "description": "From this line on nothing is promised: send it and those behind it again." }, "error": { "$ref": "#/components/schemas/What" } } }
            }
          }
        }
        """#
}
