// The methods of the feed's contract, as both of its sides name them.
#pragma once

namespace sqm::feed {

inline constexpr char kWatchChanges[] = "/sqm.feed.v1.FeedService/WatchChanges";
inline constexpr char kAcknowledge[] = "/sqm.feed.v1.FeedService/AcknowledgeChanges";
inline constexpr char kListFeeds[] = "/sqm.feed.v1.FeedService/ListFeeds";

}  // namespace sqm::feed
