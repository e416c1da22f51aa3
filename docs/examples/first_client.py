"""A first client: add a contact, list, read an error.

    first_client.py LOGIN      LOGIN: the login file that `make run` prints
"""

import json
import sys
import uuid

import grpc
from google.protobuf import timestamp_pb2
from google.rpc import error_details_pb2, status_pb2
from sqm.monitoring.v1 import contact_pb2, monitoring_service_pb2_grpc


def reason_of(error: grpc.RpcError) -> str:
    """The reason that programs go by: one ErrorInfo stands in the details of every error."""
    for key, value in error.trailing_metadata():
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                info = error_details_pb2.ErrorInfo()
                if detail.Unpack(info):
                    return info.reason
    return ""


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        login = json.load(file)
    channel = grpc.insecure_channel(login["server"])
    metadata = [("authorization", "Bearer " + login["token"])]
    monitoring = monitoring_service_pb2_grpc.MonitoringServiceStub(channel)

    start = timestamp_pb2.Timestamp()
    start.FromJsonString("2026-03-02T01:15:00Z")
    request = contact_pb2.CreateContactRequest(
        request_id=str(uuid.uuid4()),
        contact=contact_pb2.Contact(
            external_id="first-client-" + str(uuid.uuid4()),
            agent="staff/a01",
            channel=contact_pb2.CONTACT_CHANNEL_VOICE,
            type="Technical Support",
            start_time=start,
            answer_state=contact_pb2.ANSWER_STATE_ANSWERED,
        ),
    )
    created = monitoring.CreateContact(request, metadata=metadata, timeout=5)
    again = monitoring.CreateContact(request, metadata=metadata, timeout=5)
    print("created", created.name, "- sent twice, stored once:", created.name == again.name)

    page = monitoring.ListContacts(
        contact_pb2.ListContactsRequest(
            page_size=5, filter='agent = "staff/a01"', order_by="start_time desc"
        ),
        metadata=metadata,
        timeout=5,
    )
    for contact in page.contacts:
        print("listed ", contact.name, contact.start_time.ToJsonString(), contact.type)

    try:
        monitoring.ListContacts(
            contact_pb2.ListContactsRequest(filter="agent ="), metadata=metadata, timeout=5
        )
    except grpc.RpcError as error:
        print("refused", error.code().name, reason_of(error))


if __name__ == "__main__":
    main()
